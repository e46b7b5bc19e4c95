//! Checks the account model: at most one, with exactly one password.

use crate::diagnostic::{Problem, Sink};
use crate::draft::DraftModel;
use crate::schema::FieldType;

pub(crate) fn find<'d, 'n>(drafts: &'d [DraftModel<'n>], sink: &mut Sink) -> Option<&'d DraftModel<'n>> {
    let mut accounts = drafts.iter().filter(|draft| draft.account.is_some());
    let account = accounts.next()?;
    for other in accounts {
        let message = format!("`{}` is a second account model beside `{}`", other.name.value, account.name.value);
        let span = other.account.unwrap_or(other.name.span);
        sink.push(
            Problem::new("second-account", span, message)
                .label("only one model can have `account: true`")
                .help("use roles to distinguish kinds of accounts"),
        );
    }
    check_password(account, sink);
    Some(account)
}

fn check_password(account: &DraftModel<'_>, sink: &mut Sink) {
    let is_password = |ty: &FieldType| *ty == FieldType::Password;
    let mut passwords = account.fields.iter().filter(|field| is_password(&field.field.ty));
    let invalid = account.fields.iter().any(|field| !field.valid);
    if passwords.next().is_none() && !invalid {
        let message = format!("the account model `{}` has no password", account.name.value);
        let span = account.account.unwrap_or(account.name.span);
        let problem = Problem::new("missing-password", span, message).label("an account logs in with a password");
        sink.push(problem.help("add `password: password` to its fields"));
    }
    for field in passwords {
        let message = format!("the account model `{}` has more than one password", account.name.value);
        sink.push(Problem::new("second-password", field.span, message).label("remove one of them"));
    }
}
