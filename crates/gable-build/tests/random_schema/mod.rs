//! Random schemas as YAML text, with every type and attribute, relations of every kind, and names that Rust, SQL or
//! generated code use.

use std::collections::BTreeSet;

use gable_schema::{Schema, Source};
use proptest::prelude::*;
use proptest::sample::{Index, select};

const MODELS: &[&str] = &[
    "Order",
    "Group",
    "User",
    "Table",
    "Match",
    "Migrations",
    "HTTPServer",
    "OAuth2Client",
    "R2D2",
    "Type",
    "Crate",
    "Lib",
    "Item",
    "X",
    "AB",
    "UserProfile",
    "Std",
    "Body",
    "Input",
    "Link",
    "Patch2",
    "Mounted2",
    "ABCDef",
    "Select2",
    "Main",
];

const FIELDS: &[&str] = &[
    "type",
    "match",
    "fn",
    "impl",
    "async",
    "dyn",
    "union",
    "default",
    "macro",
    "try",
    "gen",
    "r2d2",
    "isOK",
    "aB",
    "hTTPPort",
    "errors",
    "err",
    "args",
    "body",
    "row",
    "now",
    "out",
    "value",
    "meta",
    "model",
    "entity",
    "column",
    "relation",
    "table",
    "order",
    "group",
    "select",
    "user",
    "name",
    "key",
    "index",
    "x",
    "i18n",
    "address1",
    "where",
    "desc",
    "end",
    "limit2",
    "schema",
    "hooks",
    "result",
    "option",
    "some",
    "string",
    "vec",
    "box",
    "json",
    "uuid2",
    "decimal",
    "utc",
    "regex",
    "permission",
    "resource",
    "input",
    "validate",
    "link",
    "links",
    "patch",
    "id2",
    "self2",
    "iterator",
    "entityName",
    "veryLongNameOfAFieldThatGoesOnAndOn",
];

/// Types with their attributes. `{o}` is replaced by `?` or nothing.
const TYPES: &[&str] = &[
    "type: string{o}, min: 1, max: 40",
    "type: string{o}, max: 40, pattern: \"^[a-z\\\"'\\\\\\\\{}#]+$\"",
    "type: string{o}, default: \"it's \\\"here\\\" \\\\ {} #\"",
    "type: text{o}, max: 4000000",
    "type: text{o}, pattern: \"^.+$\"",
    "type: email{o}",
    "type: url{o}",
    "type: integer{o}, min: -2147483648, max: 2147483647",
    "type: integer{o}, default: -3, min: -10",
    "type: bigint{o}, min: -9000000000, max: 9000000000, default: 8000000000",
    "type: bigint{o}, min: 0",
    "type: float{o}, min: -1.5, max: 2, default: 1",
    "type: float{o}",
    "type: decimal{o}, precision: 10, scale: 2, min: \"-1.5\", max: \"99.99\", default: \"1.50\"",
    "type: decimal{o}, precision: 28, scale: 10, max: \"123456789012345.5\"",
    "type: boolean{o}, default: true",
    "type: boolean{o}",
    "type: date{o}, default: \"2026-02-28\"",
    "type: date{o}, default: now",
    "type: time{o}, default: \"23:59:59\"",
    "type: time{o}, default: now",
    "type: datetime{o}, default: \"2026-02-28T10:00:00Z\"",
    "type: datetime{o}, default: now",
    "type: uuid{o}, default: uuid",
    "type: uuid{o}, default: \"018f3b5e-7c1a-7000-8000-000000000001\"",
    "type: json{o}, maxBytes: 100",
    "type: json{o}, default: { a: [1, \"x\\\"y\"], b: null }",
    "type: enum{o}, values: [a, b-c, \"2\", self, \"+\", None, Ok, String], default: b-c",
    "type: enum{o}, values: [one]",
];

const ATTRIBUTES: &[&str] = &[
    "",
    "",
    "",
    ", index: true",
    ", readOnly: true",
    ", immutable: true",
    ", private: true",
    ", description: \"a é ✓ \\\"b\\\" */ {{ c }}\"",
    ", access: { read: [Editor], write: [Editor, \"Chief Editor\"] }",
    ", unique: true",
];

const AUTH: &str = "auth: { mode: static, surfaces: [jwt] }\n";

/// The roles in rules.
const ACCOUNT: &str = "model: Account\naccount: true\nfields:\n  login: { type: string, unique: true }\n  password: password\n  \
                       roles: { type: \"enum[]\", values: [Editor, Chief Editor] }\n";

#[derive(Clone, Debug)]
pub(crate) struct Draft {
    fields: Vec<(Index, Index, Index, bool)>,
    relations: Vec<(Index, u8, Index)>,
    flags: [bool; 3],
    access: u8,
}

fn draft() -> impl Strategy<Value = Draft> {
    let field = (any::<Index>(), any::<Index>(), any::<Index>(), any::<bool>());
    let relation = (any::<Index>(), 0_u8..5, any::<Index>());
    let fields = prop::collection::vec(field, 1..14);
    let relations = prop::collection::vec(relation, 0..4);
    (fields, relations, any::<[bool; 3]>(), 0_u8..4).prop_map(|(fields, relations, flags, access)| Draft {
        fields,
        relations,
        flags,
        access,
    })
}

/// Generates the files of a schema. Some schemas are refused, for example if two fields have the same column name.
pub(crate) fn sources() -> impl Strategy<Value = Vec<Source>> {
    let names = prop::sample::subsequence(MODELS.to_vec(), 1..8);
    (names, prop::collection::vec(draft(), 8), select(vec!["App", "It's \"quoted\" \\\\ {}"])).prop_map(
        |(names, drafts, app)| {
            let mut yaml: Vec<Printed> =
                names.iter().zip(&drafts).map(|(name, draft)| Printed::of(name, draft)).collect();
            for (position, draft) in drafts.iter().take(names.len()).enumerate() {
                relate(position, draft, &mut yaml);
            }
            let models = yaml.into_iter().map(Printed::source);
            let fixed = [("app", format!("name: {app:?}\n{AUTH}")), ("account", ACCOUNT.to_owned())];
            let fixed =
                fixed.map(|(name, text)| Source { file: format!("schema/{name}.yaml"), text: text.into_bytes() });
            fixed.into_iter().chain(models).collect()
        },
    )
}

/// Returns the schema if it is accepted.
pub(crate) fn accepted(sources: &[Source]) -> Option<Schema> {
    gable_schema::check(sources).ok().map(|checked| checked.schema)
}

struct Printed {
    name: String,
    head: String,
    fields: String,
    relations: String,
    tail: String,
    taken: BTreeSet<String>,
}

impl Printed {
    fn of(name: &str, draft: &Draft) -> Self {
        let mut printed = Self {
            name: name.to_owned(),
            head: format!("model: {name}\n"),
            fields: String::new(),
            relations: String::new(),
            tail: String::new(),
            taken: BTreeSet::new(),
        };
        let [integer, soft, bare] = draft.flags;
        printed.head += if integer { "id: integer\n" } else { "" };
        printed.head += if soft { "softDelete: true\n" } else { "" };
        printed.head += if bare { "timestamps: false\n" } else { "" };
        for (name, ty, attribute, optional) in &draft.fields {
            let (name, ty) = (FIELDS[name.index(FIELDS.len())], TYPES[ty.index(TYPES.len())]);
            printed.field(name, ty, ATTRIBUTES[attribute.index(ATTRIBUTES.len())], *optional);
        }
        printed.tail = access(draft.access).to_owned();
        printed
    }

    fn field(&mut self, name: &str, ty: &str, attribute: &str, optional: bool) {
        // Long values cannot have an index, and only one row could have the default of a unique field.
        let long = ty.starts_with("type: json") || ty.starts_with("type: text");
        let keyed = attribute.contains("unique") || attribute.contains("index");
        let plain = keyed && (long || ty.contains("default"));
        let attribute = if plain { "" } else { attribute };
        if self.taken.insert(name.to_owned()) {
            let ty = ty.replace("{o}", if optional { "?" } else { "" });
            self.fields += &format!("  {name}: {{ {ty}{attribute} }}\n");
        }
    }

    fn relation(&mut self, name: &str, text: &str) {
        self.relations += &format!("  {name}: {{ {text} }}\n");
    }

    fn source(self) -> Source {
        let Self { name, head, fields, relations, tail, .. } = self;
        let relations = if relations.is_empty() { relations } else { format!("relations:\n{relations}") };
        let text = format!("{head}fields:\n{fields}{relations}{tail}");
        Source { file: format!("schema/model-{}.yaml", name.to_lowercase()), text: text.into_bytes() }
    }
}

/// Adds both sides of each relation of a draft, with names that no field has.
fn relate(position: usize, draft: &Draft, models: &mut [Printed]) {
    for (number, (target, kind, shape)) in draft.relations.iter().enumerate() {
        let target = target.index(models.len());
        let (here, there) = (models[position].name.clone(), models[target].name.clone());
        let name = format!("rel{position}x{number}");
        let on_delete = ["cascade", "restrict"][shape.index(2)];
        match kind {
            0 => models[position].relation(&name, &format!("belongsTo: {there}, optional: true, onDelete: setNull")),
            1 if position != target => {
                models[position].relation(&name, &format!("belongsTo: {there}, unique: true, optional: true"));
                models[target].relation(&format!("one{name}"), &format!("hasOne: {here}, via: {name}"));
            }
            2 if position != target => {
                models[position].relation(&name, &format!("manyToMany: {there}, via: many{name}"));
                models[target].relation(&format!("many{name}"), &format!("manyToMany: {here}, via: {name}"));
            }
            _ => {
                let optional = if position <= target { "optional: true, " } else { "" };
                models[position].relation(&name, &format!("belongsTo: {there}, {optional}onDelete: {on_delete}"));
                models[target].relation(&format!("all{name}"), &format!("hasMany: {here}, via: {name}"));
            }
        }
    }
}

fn access(choice: u8) -> &'static str {
    match choice {
        0 => "",
        1 => "access:\n  View: public\n  Create: [Editor]\n",
        2 => {
            "access:\n  View: [Editor]\n  Publish: { roles: [Editor, \"Chief Editor\"], description: \"It's \\\"on\\\"\" }\n"
        }
        _ => "routes:\n  findMany: { rateLimit: { windowMs: 1000, max: 3 } }\n  deleteMany: { disabled: true }\n",
    }
}
