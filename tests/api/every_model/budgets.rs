//! The budgets of one request: the largest that is accepted and the smallest that is refused, for each application.

use gable_schema::schema::{Model, RelationKind};
use serde_json::{Value, json};

use super::application::{Application, both, ledger};
use super::samples::{body, row};

/// A path of this many relations from a model, through relations to one row where there are some.
fn relation_path(app: &Application, model: &Model, steps: u32) -> Vec<String> {
    let Some(steps) = steps.checked_sub(1) else { return Vec::new() };
    let to_one = |kind: &RelationKind| matches!(kind, RelationKind::BelongsTo { .. } | RelationKind::HasOne { .. });
    let relation = model.relations.iter().find(|relation| to_one(&relation.kind));
    let relation = relation.or_else(|| model.relations.first()).expect("every model of these is related to another");
    let further = relation_path(app, app.model(&relation.target), steps);
    std::iter::once(relation.name.clone()).chain(further).collect()
}

/// Asserts that the first request succeeds and that the second is refused with this problem.
#[track_caller]
fn limit_is_between(app: &Application, last: &str, first: &str, problem: &str) {
    app.root.get(last).succeeds(200);
    let refused = app.root.get(first).expect(400, "InvalidRequestQuery");
    assert!(refused.problems().iter().all(|found| found.ends_with(problem)), "{refused:?}");
}

#[test]
fn queries_follow_relations_to_the_maximum_depth_and_no_deeper() {
    for app in both() {
        let depth = app.schema.app.query.max_depth;
        for model in &app.schema.models {
            let list = app.list(model);
            let filter =
                |steps| format!("{list}?limit=1&{}__id__isNull=false", relation_path(&app, model, steps).join("__"));
            limit_is_between(&app, &filter(depth), &filter(depth + 1), "TooDeep");
            let include = |steps| format!("{list}?limit=1&fields={}.id", relation_path(&app, model, steps).join("."));
            let limited = |steps| {
                let limits =
                    (1..=steps).map(|steps| format!("&{}[limit]=1", relation_path(&app, model, steps).join("__")));
                let to_one = app.root.get(&include(steps)).status == 200;
                if to_one { include(steps) } else { include(steps) + &limits.collect::<String>() }
            };
            let refused = app.root.get(&include(depth + 1)).expect(400, "InvalidRequestQuery");
            assert!(refused.problems().contains(&"TooDeep"), "{refused:?}");
            assert!(!app.root.get(&limited(depth)).json.to_string().contains("TooDeep"));
        }
    }
}

#[test]
fn filters_and_their_lists_are_as_long_as_they_may_be_and_no_longer() {
    for app in both() {
        let limits = &app.schema.app.query;
        for model in &app.schema.models {
            let list = app.list(model);
            let filters = |count: u32| {
                let filters: Vec<String> =
                    (0..count).map(|nth| format!("AND[{nth}][createdAt][gt]=20{nth:02}-01-01T00:00:00Z")).collect();
                format!("{list}?{}", filters.join("&"))
            };
            limit_is_between(&app, &filters(limits.max_filters), &filters(limits.max_filters + 1), "TooManyFilters");
            let id = if app.model(&model.name).id == gable_schema::schema::IdKind::Integer {
                "1"
            } else {
                "018f3f2e-0000-7000-8000-000000000000"
            };
            let values = |count: u32| format!("{list}?id__in={}", vec![id; count as usize].join(","));
            limit_is_between(&app, &values(limits.max_in), &values(limits.max_in + 1), "TooManyValues");
            let names = |count: usize| format!("{list}?limit=1&fields={}", vec!["id"; count].join(","));
            limit_is_between(&app, &names(256), &names(257), "TooManyFields");
            let page = |limit: u32| format!("{list}?limit={limit}");
            limit_is_between(&app, &page(limits.max_limit), &page(limits.max_limit + 1), "");
        }
    }
}

#[test]
fn an_answer_includes_as_many_rows_as_it_may_and_no_more() {
    for app in both() {
        let most = app.schema.app.query.max_included;
        let accounts = app.accounts();
        let lists = accounts.relations.iter().filter(|relation| matches!(relation.kind, RelationKind::HasMany { .. }));
        let [one, other] = [0, 1].map(|nth| &lists.clone().nth(nth).expect("accounts have two lists of rows").name);
        // Lists within lists, where a single list cannot exceed the budget.
        let limit = app.schema.app.query.max_limit.min(most);
        let rows = most / limit;
        let last = format!("{}?limit={rows}&fields=+{one}&{one}[limit]={limit}", app.list(accounts));
        let first =
            format!("{}?limit={rows}&fields=+{one},+{other}&{one}[limit]={limit}&{other}[limit]=1", app.list(accounts));
        limit_is_between(&app, &last, &first, "TooManyIncluded");
    }
}

#[test]
fn a_body_is_as_long_as_it_may_be_and_no_longer() {
    for app in both() {
        let limit = usize::try_from(app.schema.app.server.body_limit).expect("a number of bytes");
        let path = app.list(app.accounts());
        let send = |size: usize| {
            let body = format!("{{\"a\":\"{}\"}}", "a".repeat(size - 8));
            app.root.request("POST", &path).header("Content-Type", "application/json").body(body).send()
        };
        send(limit).expect(400, "InvalidRequestBody");
        send(limit + 1).expect(413, "PayloadTooLarge");
    }
}

#[test]
fn a_bulk_write_touches_as_many_rows_as_it_may_and_no_more() {
    let app = ledger();
    let most = app.schema.app.query.max_bulk;
    for model in ["GLAccount", "Document"].map(|name| app.model(name)) {
        let list = app.list(model);
        let new = |count: u32| (0..count).map(|_| body(&app, model)).collect::<Value>();
        app.root.post(&format!("{list}/many"), new(most + 1)).expect(400, "InvalidRequestBody");
        app.root.post(&format!("{list}/many"), json!([])).expect(400, "MissingArrayRequestBody");
        assert_eq!(app.root.get(&list).succeeds(200)["total"], 0);
        app.root.post(&format!("{list}/many"), new(most)).succeeds(201);
        let (all, some) = (format!("{list}/many?createdAt__gt=2000-01-01T00:00:00Z"), json!({}));
        assert_ne!(app.root.patch(&all, some.clone())["code"], "TooManyRows");
        let first = row(&app, model);
        let before = app.row(model, &first);
        let change = match model.name.as_str() {
            "Document" => json!({ "fileName": "changed" }),
            _ => json!({ "type": "income" }),
        };
        app.root.patch(&all, change).expect(400, "TooManyRows");
        app.root.delete(&all).expect(400, "TooManyRows");
        assert_eq!((app.row(model, &first), &app.root.get(&list).succeeds(200)["total"]), (before, &json!(most + 1)));
        app.root.delete(&app.row_path(model, &first)).succeeds(204);
        assert_eq!(app.root.delete(&all).succeeds(200).column("id").len(), most as usize);
    }
}

#[test]
fn a_body_names_as_many_rows_of_others_as_it_may_and_no_more() {
    let app = ledger();
    let most = app.schema.app.query.max_nested;
    let account = app.model("GLAccount");
    let parent = app.row_path(account, &row(&app, account));
    let children = |count: u32| (0..count).map(|_| body(&app, account)).collect::<Value>();
    let total = || app.root.get("/books/gl-accounts").succeeds(200)["total"].clone();
    let before = total();
    let many = |first: u32, second: u32| {
        let parent = |count: u32| {
            let mut parent = body(&app, account);
            parent["children"] = children(count);
            parent
        };
        json!([parent(first), parent(second)])
    };
    let odd = Value::from(vec![7; most as usize + 1]);
    for (method, path, body) in [
        ("PATCH", parent.as_str(), json!({ "children": children(most + 1) })),
        ("PATCH", &parent, json!({ "children": odd })),
        ("POST", "/books/gl-accounts/many", many(most - 1, 2)),
    ] {
        let refused = app.root.request(method, path).json(&body).send().expect(400, "InvalidRequestBody");
        let too_many = refused.problems().iter().filter(|code| code.ends_with("MaxNestedConstraint")).count();
        assert_eq!(too_many, 1, "{refused:?}");
    }
    assert_eq!(total(), before);
    app.root.patch(&parent, json!({ "children": children(most) })).succeeds(200);
    app.root.post("/books/gl-accounts/many", many(most - 1, 1)).succeeds(201);
    assert_eq!(total().as_u64(), before.as_u64().map(|before| before + u64::from(most) + 2 + u64::from(most)));
}

#[test]
fn bodies_nest_as_deep_as_they_may_and_no_deeper() {
    let app = ledger();
    let account = app.model("GLAccount");
    let nested = |depth: u32| {
        (0..depth).fold(body(&app, account), |child, _| {
            let mut parent = body(&app, account);
            parent["children"] = json!([child]);
            parent
        })
    };
    let depth = app.schema.app.query.max_depth;
    app.root.post("/books/gl-accounts", nested(depth)).succeeds(201);
    let before = app.counts();
    let refused = app.root.post("/books/gl-accounts", nested(depth + 1)).expect(400, "InvalidRequestBody");
    assert_eq!(refused.problems(), ["ChildrenMaxDepthConstraint"]);
    assert_eq!(app.counts(), before);
}
