//! Settings of accounts and mail in `app.yaml`, with a minimal account model.

use gable_schema::schema::{Auth, AuthOperation, BodyRule, MailLinks, Surface};
use gable_schema::{Checked, Source, check};

const ACCOUNT: &str = "\
model: User
account: true
fields:
  email:    { type: email, unique: true }
  password: password
  role:     { type: enum, values: [Author], default: Author }
";

fn with_account(app: &str) -> Checked {
    accepted(app, ACCOUNT)
}

fn accepted(app: &str, account: &str) -> Checked {
    let source = |file: &str, text: &str| Source { file: format!("schema/{file}"), text: text.as_bytes().to_vec() };
    check(&[source("app.yaml", app), source("user.yaml", account)]).unwrap_or_else(|problems| panic!("{problems}"))
}

fn auth(checked: &Checked) -> &Auth {
    checked.schema.app.auth.as_ref().expect("there is an account")
}

fn rules(checked: &Checked, operation: AuthOperation) -> &[BodyRule] {
    let route = auth(checked).routes.iter().find(|route| route.operation == operation);
    &route.unwrap_or_else(|| panic!("no route {operation:?}")).validation
}

/// Returns the keys of `auth.routes` in the JSON Schema, in alphabetical order.
fn auth_operations() -> Vec<String> {
    let schema = gable_schema::json_schema();
    let keys = schema["$defs"]["authRoutes"]["properties"].as_object().expect("a map of operations");
    let mut names: Vec<String> = keys.keys().cloned().collect();
    names.sort();
    names
}

#[test]
fn every_auth_operation_has_settings() {
    let names = auth_operations();
    let routes: String = names.iter().map(|name| format!("    {name}: {{ disabled: true }}\n")).collect();
    let checked = with_account(&format!("auth:\n  routes:\n{routes}"));
    let routes = &auth(&checked).routes;
    assert!(routes.iter().all(|route| route.route.disabled));
    let mut read: Vec<String> = routes.iter().map(|route| format!("{:?}", route.operation)).collect();
    read.sort();
    let pascal = |name: &String| name[..1].to_uppercase() + &name[1..];
    assert_eq!(read, names.iter().map(pascal).collect::<Vec<_>>());
}

#[test]
fn bodies_of_recovery_and_verification_can_have_rules() {
    let checked = with_account(
        r#"
auth:
  routes:
    forgotPassword: { validation: { identifier: { min: 3 }, email: { max: 60 } } }
    resetPassword:
      validation:
        token: { min: 9 }
        passwordResetToken: { min: 9 }
        password: { min: 12 }
        newPassword: { min: 12 }
    verifyEmail: { validation: { code: { pattern: "^[0-9]+$" }, token: { min: 9 }, email: { max: 60 } } }
    resendVerification: { validation: { email: { max: 60 } } }
    changeEmail: { validation: { newEmail: { required: true } } }
"#,
    );
    let fields = |operation| rules(&checked, operation).iter().map(|rule| rule.field.as_str()).collect::<Vec<_>>();
    assert_eq!(fields(AuthOperation::ForgotPassword), ["identifier", "email"]);
    assert_eq!(fields(AuthOperation::ResetPassword), ["token", "passwordResetToken", "password", "newPassword"]);
    assert_eq!(fields(AuthOperation::VerifyEmail), ["code", "token", "email"]);
    assert_eq!(fields(AuthOperation::ResendVerification), ["email"]);
    assert_eq!(fields(AuthOperation::ChangeEmail), ["newEmail"]);
    assert!(rules(&checked, AuthOperation::ChangeEmail)[0].required);
}

#[test]
fn links_and_redirects_are_kept_as_written() {
    let checked = with_account(
        "auth:\n  tokenPair: { redirects: [https://example.com/verified, myapp://verified] }\nmail:\n  links: { verifyEmail: \
         \"https://example.com/#/verify?token={token}\" }\n",
    );
    assert_eq!(auth(&checked).token_pair.redirects, ["https://example.com/verified", "myapp://verified"]);
    let verify_email = Some("https://example.com/#/verify?token={token}".to_owned());
    assert_eq!(checked.schema.app.mail_links, MailLinks { verify_email, reset_password: None });
}

#[test]
fn a_surface_that_is_not_mounted_has_no_requirements() {
    let account =
        ACCOUNT.replace("email:    { type: email, unique: true }", "login:    { type: string, unique: true }");
    let app = "api: /auth\nauth:\n  surfaces: [jwt]\n  session: { cookie: sid }\n  jwt: { cookie: { name: sid } }\n";
    assert_eq!(auth(&accepted(app, &account)).surfaces, [Surface::Jwt]);
}

#[test]
fn an_address_may_be_unique_by_a_list_of_one_field() {
    let account = ACCOUNT.replace("{ type: email, unique: true }", "email") + "unique:\n  - [email]\n";
    let checked =
        accepted("auth:\n  surfaces: [session]\n  emailVerification: { required: true, method: code }\n", &account);
    assert!(auth(&checked).email_verification.required);
}

#[test]
fn the_token_pair_surface_alone_can_verify_by_link() {
    let app = "auth:\n  surfaces: [tokenPair]\n  emailVerification: { required: true, method: link }\n";
    assert_eq!(auth(&with_account(app)).surfaces, [Surface::TokenPair]);
}

#[test]
fn the_number_of_included_rows_is_limited() {
    let limit = |query: &str| with_account(query).schema.app.query.max_included;
    assert_eq!(limit("name: X"), 10_000);
    assert_eq!(limit("query: { maxIncluded: 1 }"), 1);
    assert_eq!(limit("query: { maxIncluded: 30000 }"), 30_000);
    let source = |file: &str, text: &str| Source { file: file.to_owned(), text: text.as_bytes().to_vec() };
    for refused in ["0", "30001", "-1", "many", "1.5"] {
        let app = format!("query: {{ maxIncluded: {refused} }}");
        let problems = check(&[source("schema/app.yaml", &app), source("schema/user.yaml", ACCOUNT)]).err();
        let problems = problems.unwrap_or_else(|| panic!("{refused} is accepted")).to_string();
        assert!(problems.contains("maxIncluded"), "{problems}");
    }
}
