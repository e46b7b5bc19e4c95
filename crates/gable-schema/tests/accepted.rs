//! Accepted schemas, and the values that they are resolved to.

use std::path::Path;

use gable_schema::schema::{
    AuthMode, AuthOperation, BodyBound, BodyRule, ConditionValue, Default, Field, FieldType, IdKind, Model, ModelKind,
    OnDelete, Origin, RateLimit, RelationKind, Surface, Who,
};
use gable_schema::{Checked, Source, check, load};
use serde_json::json;

fn accepted(name: &str) -> Checked {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/accepted").join(name);
    load(&directory).unwrap_or_else(|problems| panic!("{problems}"))
}

fn model<'c>(checked: &'c Checked, name: &str) -> &'c Model {
    checked.schema.model(name).unwrap_or_else(|| panic!("no model {name}"))
}

fn field<'c>(checked: &'c Checked, model_name: &str, name: &str) -> &'c Field {
    model(checked, model_name).field(name).unwrap_or_else(|| panic!("no field {name}"))
}

fn relation<'c>(checked: &'c Checked, model_name: &str, name: &str) -> &'c RelationKind {
    let relations = &model(checked, model_name).relations;
    &relations.iter().find(|relation| relation.name == name).unwrap_or_else(|| panic!("no relation {name}")).kind
}

fn names(model: &Model) -> Vec<&str> {
    model.fields.iter().map(|field| field.name.as_str()).collect()
}

#[test]
fn the_examples_of_the_language_are_accepted_without_a_warning() {
    assert!(accepted("document").warnings.is_empty());
}

#[test]
fn columns_are_in_table_order() {
    let checked = accepted("document");
    let post = names(model(&checked, "Post"));
    let expected = [
        "id",
        "title",
        "slug",
        "content",
        "summary",
        "status",
        "views",
        "publishedAt",
        "authorId",
        "createdAt",
        "updatedAt",
    ];
    assert_eq!(post, expected);
    let user = names(model(&checked, "User"));
    let implicit = [
        "isActive",
        "isSuperUser",
        "isStaff",
        "isEmailVerified",
        "lastLoginAt",
        "passwordChangedAt",
        "deletedSelfAccountAt",
        "failedLoginAttempts",
        "lockedUntil",
    ];
    assert_eq!(user[4..13], implicit);
}

#[test]
fn an_account_has_fields_that_only_others_may_write() {
    let checked = accepted("document");
    assert!(!field(&checked, "User", "isSuperUser").read_only);
    assert_eq!(field(&checked, "User", "isActive").default, Some(Default::Value(json!(true))));
    assert!(field(&checked, "User", "lockedUntil").private);
    assert!(field(&checked, "User", "lastLoginAt").read_only);
    assert_eq!(field(&checked, "User", "lastLoginAt").origin, Origin::Account);
}

#[test]
fn names_are_derived_once() {
    let checked = accepted("document");
    let profile = model(&checked, "UserProfile");
    assert_eq!(profile.table, "user_profiles");
    assert_eq!(profile.path, "user-profiles");
    assert_eq!(profile.resource, "user-profile");
    assert_eq!(profile.module, "user_profile");
    assert_eq!(profile.file, "user-profile.yaml");
    let constants: Vec<&str> = checked.schema.permissions.iter().map(|p| p.constant.as_str()).collect();
    assert!(constants.contains(&"POST_PUBLISH"));
    assert!(constants.contains(&"USER_PROFILE_VIEW"));
}

#[test]
fn models_and_permissions_are_ordered_by_name() {
    let checked = accepted("document");
    assert!(checked.schema.models.is_sorted_by_key(|model| &model.name));
    assert!(checked.schema.permissions.is_sorted_by_key(|permission| &permission.resource));
    let post: Vec<&str> = model(&checked, "Post").access.iter().map(|access| access.action.as_str()).collect();
    assert_eq!(post, ["View", "Create", "Update", "Delete", "Publish"]);
}

#[test]
fn a_rule_keeps_its_condition() {
    let checked = accepted("document");
    let update = &model(&checked, "Post").access[2].rules[0];
    assert_eq!(update.who, Who::Roles(vec!["Author".to_owned()]));
    assert_eq!(update.conditions[0].field, "authorId");
    assert_eq!(update.conditions[0].value, ConditionValue::Me);
    assert!(model(&checked, "Tag").access.iter().all(|access| access.rules.is_empty()));
}

#[test]
fn both_sides_of_a_relation_find_each_other() {
    let checked = accepted("document");
    let author = RelationKind::BelongsTo { field: "authorId".to_owned(), on_delete: OnDelete::Cascade };
    assert_eq!(*relation(&checked, "Post", "author"), author);
    assert_eq!(*relation(&checked, "User", "posts"), RelationKind::HasMany { via: "author".to_owned() });
    assert_eq!(*relation(&checked, "User", "profile"), RelationKind::HasOne { via: "user".to_owned() });
    let join = |this: &str, target: &str| RelationKind::ManyToMany {
        table: "posts_tags".to_owned(),
        this_column: this.to_owned(),
        target_column: target.to_owned(),
        through: None,
    };
    assert_eq!(*relation(&checked, "Post", "tags"), join("post_id", "tag_id"));
    assert_eq!(*relation(&checked, "Tag", "posts"), join("tag_id", "post_id"));
}

#[test]
fn indexes_are_named_and_those_of_single_fields_come_first() {
    let checked = accepted("document");
    let post = model(&checked, "Post");
    let index: Vec<&str> = post.indexes.iter().map(|index| index.name.as_str()).collect();
    assert_eq!(index, ["idx_posts_author_id", "idx_posts_status_published_at"]);
    let unique: Vec<&str> = post.uniques.iter().map(|index| index.name.as_str()).collect();
    assert_eq!(unique, ["uq_posts_slug", "uq_posts_author_id_title"]);
    assert!(field(&checked, "Post", "authorId").index);
    assert!(field(&checked, "UserProfile", "userId").unique);
    assert!(!field(&checked, "UserProfile", "userId").index);
}

#[test]
fn a_unique_list_of_one_field_means_the_attribute() {
    let checked = accepted("document");
    assert!(field(&checked, "UserProfile", "nickname").unique);
}

#[test]
fn every_setting_of_the_application_is_read() {
    let checked = accepted("document");
    let app = &checked.schema.app;
    assert_eq!((app.name.as_str(), app.api.as_str()), ("Gazette", "/api"));
    assert_eq!(app.server.body_limit, 1_048_576);
    assert_eq!(app.query.max_bulk, 1000);
    let auth = app.auth.as_ref().expect("there is an account");
    assert_eq!(auth.mode, AuthMode::Dynamic);
    assert_eq!(auth.surfaces, [Surface::Jwt, Surface::Session, Surface::TokenPair]);
    assert_eq!(auth.jwt.expires_in_seconds, 2_592_000);
    assert_eq!(auth.lockout.for_seconds, 900);
    assert_eq!(auth.default_role.as_deref(), Some("Author"));
    assert_eq!(auth.routes.len(), 4);
    assert_eq!(auth.routes[0].route.rate_limit, Some(RateLimit { window_ms: 900_000, max: 10 }));
}

#[test]
fn identifiers_may_be_fields_of_related_models() {
    let checked = accepted("document");
    let auth = checked.schema.app.auth.as_ref().expect("there is an account");
    let phone = &auth.login.identifiers[3];
    assert_eq!(phone.path, "phones.some.number");
    assert_eq!((phone.body_key.as_str(), phone.model.as_str(), phone.field.as_str()), ("number", "Phone", "number"));
    assert_eq!(phone.relation.as_deref(), Some("phones"));
}

#[test]
fn role_models_are_special_in_dynamic_mode() {
    let checked = accepted("document");
    assert_eq!(model(&checked, "User").kind, ModelKind::Account);
    assert_eq!(model(&checked, "AuthRole").kind, ModelKind::Role);
    assert_eq!(model(&checked, "AuthPermission").kind, ModelKind::Permission);
    assert_eq!(model(&checked, "UserRole").kind, ModelKind::AccountRole);
    assert_eq!(model(&checked, "UserPermission").kind, ModelKind::AccountPermission);
    assert_eq!(model(&checked, "Post").kind, ModelKind::Ordinary);
}

#[test]
fn roles_of_the_account_imply_static_mode() {
    let checked = accepted("static");
    let auth = checked.schema.app.auth.as_ref().expect("there is an account");
    assert_eq!(auth.mode, AuthMode::Static);
    assert_eq!(auth.surfaces, [Surface::Jwt]);
    let identifiers: Vec<&str> = auth.login.identifiers.iter().map(|id| id.path.as_str()).collect();
    assert_eq!(identifiers, ["username", "handle", "email"]);
    let FieldType::EnumList { rust_name, values } = &field(&checked, "Member", "roles").ty else {
        panic!("not a list");
    };
    assert_eq!(rust_name, "MemberRoles");
    assert_eq!(values[2].variant, "ChiefLibrarian");
    assert_eq!(field(&checked, "Member", "roles").default, Some(Default::Value(json!(["reader"]))));
}

#[test]
fn keys_to_integer_ids_are_integers() {
    let checked = accepted("static");
    assert_eq!(model(&checked, "Loan").id, IdKind::Integer);
    let key = field(&checked, "Loan", "memberId");
    assert_eq!(key.ty, FieldType::Bigint { min: None, max: None });
    assert_eq!(key.default, Some(Default::Me));
    assert_eq!(key.renamed_from.as_deref(), Some("readerId"));
    assert_eq!(key.write_roles, Some(vec!["librarian".to_owned()]));
    assert!(key.immutable);
    assert_eq!(key.origin, Origin::ForeignKey { relation: "member".to_owned() });
}

fn rules(checked: &Checked, operation: AuthOperation) -> &[BodyRule] {
    let auth = checked.schema.app.auth.as_ref().expect("there is an account");
    let route = auth.routes.iter().find(|route| route.operation == operation);
    &route.unwrap_or_else(|| panic!("no route {operation:?}")).validation
}

fn rule(field: &str) -> BodyRule {
    BodyRule { field: field.to_owned(), required: false, min: None, max: None, pattern: None }
}

#[test]
fn routes_of_the_account_have_rules_in_the_order_of_the_yaml() {
    let checked = accepted("document");
    let length = |characters: u32| Some(BodyBound::Length(characters));
    let login = [BodyRule { max: length(40), ..rule("nickname") }, BodyRule { min: length(8), ..rule("password") }];
    assert_eq!(rules(&checked, AuthOperation::Login), login);
    let signup = [
        BodyRule { required: true, min: length(5), ..rule("username") },
        BodyRule { pattern: Some("@example[.]com$".to_owned()), ..rule("email") },
    ];
    assert_eq!(rules(&checked, AuthOperation::Signup), signup);
    let own = BodyRule { pattern: Some("^[a-z]".to_owned()), ..rule("username") };
    assert_eq!(rules(&checked, AuthOperation::UpdateMe), [own]);
    let password = BodyRule { min: length(12), ..rule("newPassword") };
    assert_eq!(rules(&checked, AuthOperation::UpdatePassword), [password]);
}

#[test]
fn a_bound_of_a_rule_has_the_type_of_its_field() {
    let source = |file: &str, text: &str| Source { file: format!("schema/{file}"), text: text.as_bytes().to_vec() };
    let app = "auth:\n  routes:\n    signup:\n      validation:\n        age: { min: 21, max: 60 }\n\
               \x20       visits: { max: 9000000000 }\n        score: { min: 1, max: 2.5 }\n\
               \x20       balance: { min: 0.50, max: 10 }\n        born: { required: true }\n        \
               email: { max: 60 }\n    updateMe: { validation: }\n";
    let account = "model: User\naccount: true\nfields:\n  email: { type: email, unique: true }\n  \
                   password: password\n  age: { type: integer?, min: 18 }\n  visits: bigint?\n  score: float?\n  \
                   balance: decimal?\n  born: date?\n  role: { type: enum, values: [Author], default: Author }\n";
    let checked = check(&[source("app.yaml", app), source("user.yaml", account)]).unwrap_or_else(|p| panic!("{p}"));
    let decimal = |text: &str| Some(BodyBound::Decimal(text.to_owned()));
    let expected = [
        BodyRule { min: Some(BodyBound::Integer(21)), max: Some(BodyBound::Integer(60)), ..rule("age") },
        BodyRule { max: Some(BodyBound::Integer(9_000_000_000)), ..rule("visits") },
        BodyRule { min: Some(BodyBound::Float(1.0)), max: Some(BodyBound::Float(2.5)), ..rule("score") },
        BodyRule { min: decimal("0.50"), max: decimal("10"), ..rule("balance") },
        BodyRule { required: true, ..rule("born") },
        BodyRule { max: Some(BodyBound::Length(60)), ..rule("email") },
    ];
    assert_eq!(rules(&checked, AuthOperation::Signup), expected);
    assert!(rules(&checked, AuthOperation::UpdateMe).is_empty());
}

#[test]
fn keywords_and_digits_become_valid_rust_names() {
    let checked = accepted("static");
    let ty = field(&checked, "Loan", "type");
    assert_eq!((ty.rust_name.as_str(), ty.column.as_str(), ty.variant.as_str()), ("r#type", "type", "Type"));
    let FieldType::Enum { values, .. } = &ty.ty else {
        panic!("not an enum");
    };
    let variants: Vec<&str> = values.iter().map(|value| value.variant.as_str()).collect();
    assert_eq!(variants, ["Short", "Long", "V2Weeks", "SelfValue"]);
    let line = field(&checked, "Loan", "address2Line");
    assert_eq!((line.column.as_str(), line.variant.as_str()), ("address2_line", "Address2Line"));
    let client = accepted("plain");
    assert_eq!(model(&client, "Type").module, "type_model");
    assert_eq!(model(&client, "OAuth2Client").table, "o_auth2_clients");
}

#[test]
fn soft_delete_adds_a_column_and_an_action() {
    let checked = accepted("static");
    let loan = model(&checked, "Loan");
    assert_eq!(names(loan).last(), Some(&"deletedAt"));
    assert!(loan.field("createdAt").is_none());
    let actions: Vec<&str> = loan.access.iter().map(|access| access.action.as_str()).collect();
    assert_eq!(actions, ["View", "Create", "Update", "Delete", "Restore", "Extend"]);
    assert_eq!(loan.access[0].rules[0].who, Who::Authenticated);
    assert_eq!(loan.access[2].rules[1].conditions[2].value, ConditionValue::Null);
    assert_eq!(loan.access[5].description.as_deref(), Some("Nobody yet"));
}

#[test]
fn defaults_of_on_delete_follow_optional() {
    let checked = accepted("static");
    let RelationKind::BelongsTo { on_delete, .. } = relation(&checked, "Loan", "witness") else {
        panic!("not a key");
    };
    assert_eq!(*on_delete, OnDelete::SetNull);
    let document = accepted("document");
    let RelationKind::BelongsTo { on_delete, .. } = relation(&document, "Phone", "user") else {
        panic!("not a key");
    };
    assert_eq!(*on_delete, OnDelete::Restrict);
}

#[test]
fn a_model_may_join_itself() {
    let checked = accepted("static");
    let friends = RelationKind::ManyToMany {
        table: "members_friends".to_owned(),
        this_column: "member_id".to_owned(),
        target_column: "friend_id".to_owned(),
        through: None,
    };
    assert_eq!(*relation(&checked, "Member", "friends"), friends);
}

#[test]
fn via_distinguishes_several_join_tables() {
    let checked = accepted("plain");
    let table = |model: &str, name: &str| match relation(&checked, model, name) {
        RelationKind::ManyToMany { table, .. } => table.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(table("OAuth2Client", "scopes"), "o_auth2_clients_types");
    assert_eq!(table("Type", "clients"), "o_auth2_clients_types");
    assert_eq!(table("OAuth2Client", "hidden"), "o_auth2_clients_types_hidden");
    assert_eq!(table("Type", "hiddenFrom"), "o_auth2_clients_types_hidden");
}

#[test]
fn defaults_are_converted_to_a_canonical_form() {
    let checked = accepted("plain");
    let default = |name: &str| field(&checked, "OAuth2Client", name).default.clone();
    assert_eq!(default("at"), Some(Default::Value(json!("2030-01-01T00:00:00.000Z"))));
    assert_eq!(default("made"), Some(Default::Now));
    assert_eq!(default("key"), Some(Default::Uuid));
    assert_eq!(default("extras"), Some(Default::Value(json!({ "a": [1, 2.5, null, true] }))));
    // Decimals keep their digits: 0.10 is not converted to a float.
    assert_eq!(field(&accepted("static"), "Loan", "fee").default, Some(Default::Value(json!("0.10"))));
}

#[test]
fn without_an_account_there_is_no_auth() {
    assert!(accepted("plain").schema.app.auth.is_none());
}

#[test]
fn a_field_named_like_a_query_parameter_is_a_warning() {
    let text = b"model: Post\nfields:\n  limit: integer\n".to_vec();
    let checked = check(&[Source { file: "schema/post.yaml".to_owned(), text }]).unwrap_or_else(|p| panic!("{p}"));
    let warning = checked.warnings.iter().next().expect("there is one");
    assert_eq!((warning.code(), warning.line(), warning.column()), ("query-name", 3, 3));
    assert!(warning.to_string().starts_with("warning[query-name]: "));
    assert!(warning.to_string().contains("use `?limit[eq]=…`"), "{warning}");
}

#[test]
fn long_index_names_are_shortened_and_stay_distinct() {
    let field = |letter: &str| format!("{}{}", "a".repeat(40), letter.repeat(10));
    let fields: String = ["b", "c", "d"].map(|letter| format!("  {}: integer\n", field(letter))).concat();
    let lists = format!("  - [{0}, {1}]\n  - [{0}, {2}]\n", field("b"), field("c"), field("d"));
    let text = format!("model: Post\nfields:\n{fields}indexes:\n{lists}").into_bytes();
    let checked = check(&[Source { file: "schema/post.yaml".to_owned(), text }]).unwrap_or_else(|p| panic!("{p}"));
    let names: Vec<&str> = model(&checked, "Post").indexes.iter().map(|index| index.name.as_str()).collect();
    assert!(names.iter().all(|name| name.len() <= 63), "{names:?}");
    assert_ne!(names[0], names[1]);
}

#[test]
fn checking_a_schema_twice_gives_equal_results() {
    assert_eq!(accepted("document"), accepted("document"));
}
