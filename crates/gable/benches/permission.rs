//! Measures one permission check; `benches/run permission` runs it.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use gable::benchmarks::{Checked, account};
use gable::generated::*;
use gable::{PermissionSet, Principal, Role};

const ROLES: usize = 1_000;
const PERMISSIONS: usize = 10_000;
const ROUNDS: u32 = 2_000_000;

/// The last permission, for which a search from the front would take longest.
const UPDATE: Permission = Permission::new(PERMISSIONS as u16 - 1);

static META: ModelMeta = ModelMeta {
    name: "Post",
    table: "posts",
    path: "posts",
    resource: "post",
    kind: ModelKind::Ordinary,
    id: IdKind::Uuid,
    soft_delete: false,
    fields: &[
        FieldMeta::new("id", "id", FieldKind::Uuid).origin(Origin::Id).read_only(),
        FieldMeta::new("title", "title", FieldKind::String),
        FieldMeta::new("authorId", "author_id", FieldKind::Uuid).origin(Origin::ForeignKey),
    ],
    relations: &[],
    uniques: &[],
    actions: &[ActionMeta::new(
        UPDATE,
        "Update",
        &[
            RuleMeta::new(Who::Roles(&["role1"]), &[Condition { field: 2, value: ConditionValue::Me }]),
            RuleMeta::new(Who::Roles(&["role2"]), &[]),
        ],
    )],
    routes: &[],
};

/// Creates roles with ten permissions each. Two of three roles also have the checked permission.
fn roles() -> Vec<Arc<Role>> {
    let role = |number: usize| {
        let mut permissions = PermissionSet::empty(PERMISSIONS);
        (0..10).for_each(|own| permissions.insert(Permission::new(((number * 10 + own) % (PERMISSIONS - 1)) as u16)));
        if !number.is_multiple_of(3) {
            permissions.insert(UPDATE);
        }
        Arc::new(Role { name: format!("role{number}"), permissions })
    };
    (0..ROLES).map(role).collect()
}

fn nanoseconds(model: &Checked, principal: &Principal, allowed: bool) -> f64 {
    let action = &META.actions[0];
    let started = Instant::now();
    for _ in 0..ROUNDS {
        assert_eq!(black_box(model).allows(action, black_box(principal)), allowed);
    }
    started.elapsed().as_nanos() as f64 / f64::from(ROUNDS)
}

fn main() {
    let (model, roles) = (Checked::new(&META), roles());
    let with = |numbers: &[usize]| account(numbers.iter().map(|number| roles[*number].clone()).collect(), PERMISSIONS);
    for (name, numbers, allowed) in [
        ("by a role created at run time", &[4][..], true),
        ("by a role without a row rule", &[2], true),
        ("by a role with a row rule", &[1], true),
        ("by the last of ten roles", &[0, 3, 6, 9, 12, 15, 18, 21, 24, 4], true),
        ("refused", &[0], false),
    ] {
        // The first measurement only warms up.
        let principal = with(numbers);
        let _ = nanoseconds(&model, &principal, allowed);
        println!("{name}\t{:.0}", nanoseconds(&model, &principal, allowed));
    }
}
