//! An application in a temporary directory, which is removed at the end of the test.
#![allow(dead_code)] // no test binary uses all of it

use std::fs;
use std::path::{Path, PathBuf};

use gable_schema::Schema;
use tempfile::TempDir;

pub(crate) struct Application {
    directory: TempDir,
}

impl Application {
    pub(crate) fn empty() -> Self {
        Self { directory: tempfile::tempdir().expect("a temporary directory") }
    }

    /// Creates an application with an `app.yaml` and these models, given by file name.
    pub(crate) fn of(models: &[(&str, &str)]) -> Self {
        let application = Self::empty();
        application.write("schema/app.yaml", "name: Test\n");
        for (name, yaml) in models {
            application.write(&format!("schema/{name}.yaml"), yaml);
        }
        application
    }

    /// Copies the schema of the directory, and its mail templates if it has any.
    pub(crate) fn copy(from: &Path) -> Self {
        let application = Self::empty();
        for directory in ["schema", "templates/mail"] {
            let Ok(entries) = fs::read_dir(from.join(directory)) else { continue };
            for entry in entries {
                let path = entry.expect("a directory that was just listed").path();
                let name = path.file_name().expect("an entry has a name").to_string_lossy().into_owned();
                application
                    .write(&format!("{directory}/{name}"), &fs::read_to_string(&path).expect("sources are text"));
            }
        }
        application
    }

    pub(crate) fn root(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.root().join(relative)
    }

    pub(crate) fn write(&self, relative: &str, contents: &str) {
        let path = self.path(relative);
        fs::create_dir_all(path.parent().expect("a file has a directory")).expect("a directory can be made");
        fs::write(path, contents).expect("a file can be written");
    }

    pub(crate) fn read(&self, relative: &str) -> String {
        fs::read_to_string(self.path(relative)).unwrap_or_else(|error| panic!("{relative}: {error}"))
    }

    pub(crate) fn exists(&self, relative: &str) -> bool {
        self.path(relative).exists()
    }

    pub(crate) fn schema(&self) -> Schema {
        gable_schema::load(&self.path("schema")).unwrap_or_else(|problems| panic!("{problems}")).schema
    }
}
