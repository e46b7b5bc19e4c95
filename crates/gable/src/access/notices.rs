//! Notices between the nodes that share a database: each announces its changes of accounts, roles and permissions in
//! the transaction that makes them.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::AccessChange;
use crate::db::{DbError, FixedSql, Source, array, values};
use crate::meta::IdKind;
use crate::model::Id;

/// The channel of PostgreSQL's notifications.
pub(super) const CHANNEL: &str = "gable_access";
/// Maximum number of accounts that the notices of one transaction name. More are announced as a change of all accounts.
const NAMED: usize = 50;

static COUNT: FixedSql<0> = FixedSql::new(r#"UPDATE "gable_access" SET "version" = "version" + 1 WHERE "id" = 1"#);
static NOTIFY: FixedSql<2> = FixedSql::new("SELECT pg_notify(?, ?)");
static NOTIFY_EACH: FixedSql<2> = FixedSql::new("SELECT pg_notify(?, p) FROM unnest(?) AS p");

/// Increments the version and announces changes, inside the transaction that makes them: PostgreSQL delivers the
/// notices when it commits.
pub(super) async fn announce(source: Source<'_>, node: Uuid, changes: &[AccessChange]) -> Result<(), DbError> {
    if changes.contains(&AccessChange::Everything) {
        source.execute(COUNT.with([])).await?;
    }
    if source.has_notifications() {
        let payloads: Vec<String> = texts(changes).into_iter().map(|text| format!("{node} {text}")).collect();
        source.all(NOTIFY_EACH.with(values![CHANNEL, array(payloads)])).await?;
    }
    Ok(())
}

/// Sends a mark from a node to itself through the server. If it arrives, notifications work.
pub(super) async fn send_mark(source: Source<'_>, node: Uuid, number: u64) -> Result<(), DbError> {
    source.all(NOTIFY.with(values![CHANNEL, format!("{node} mark {number}")])).await.map(drop)
}

/// A notification as it arrives.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Notice {
    Mark(u64),
    /// Sent by this node, which has applied the change already, or a mark of another node.
    Own,
    Changed(AccessChange),
}

impl Notice {
    /// Parses a notification. Anything that cannot be parsed is treated as a change of everything.
    pub(super) fn read(payload: &str, node: Uuid, ids: IdKind) -> Self {
        let mut words = payload.split(' ');
        let own = words.next().and_then(|word| Uuid::try_parse(word).ok()) == Some(node);
        match (words.next(), words.next()) {
            (Some("mark"), Some(number)) => match number.parse() {
                Ok(number) if own => Notice::Mark(number),
                _ => Notice::Own,
            },
            _ if own => Notice::Own,
            (Some("account"), Some(id)) => {
                let id = match ids {
                    IdKind::Uuid => id.parse().map(Id::Uuid).ok(),
                    IdKind::Integer => id.parse().map(Id::Integer).ok(),
                };
                Notice::Changed(id.map_or(AccessChange::EveryAccount, AccessChange::Account))
            }
            (Some("accounts"), None) => Notice::Changed(AccessChange::EveryAccount),
            _ => Notice::Changed(AccessChange::Everything),
        }
    }
}

/// The payloads of changes, without duplicates. A change of everything includes all others.
fn texts(changes: &[AccessChange]) -> BTreeSet<String> {
    if changes.contains(&AccessChange::Everything) {
        return BTreeSet::from(["everything".to_owned()]);
    }
    let text = |change: &AccessChange| match change {
        AccessChange::Account(id) => format!("account {id}"),
        AccessChange::EveryAccount | AccessChange::Everything => "accounts".to_owned(),
    };
    let texts: BTreeSet<String> = changes.iter().map(text).collect();
    if texts.len() > NAMED || texts.contains("accounts") { BTreeSet::from(["accounts".to_owned()]) } else { texts }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Uuid = Uuid::from_u128(1);
    const ELSEWHERE: Uuid = Uuid::from_u128(2);

    fn read(node: Uuid, text: &str) -> Notice {
        Notice::read(&format!("{node} {text}"), HERE, IdKind::Integer)
    }

    #[test]
    fn what_one_node_says_another_understands() {
        let all = [AccessChange::Account(Id::Integer(7)), AccessChange::Everything, AccessChange::EveryAccount];
        for (changes, understood) in [
            (&all[..1], vec![AccessChange::Account(Id::Integer(7))]),
            (&all[..2], vec![AccessChange::Everything]),
            (&[all[0], all[2]][..], vec![AccessChange::EveryAccount]),
        ] {
            let read: Vec<Notice> = texts(changes).iter().map(|text| read(ELSEWHERE, text)).collect();
            assert_eq!(read, understood.into_iter().map(Notice::Changed).collect::<Vec<_>>());
        }
        let many: Vec<AccessChange> = (0..60).map(|id| AccessChange::Account(Id::Integer(id))).collect();
        assert_eq!(texts(&many), BTreeSet::from(["accounts".to_owned()]));
    }

    #[test]
    fn a_node_knows_its_own_words_and_takes_nonsense_seriously() {
        assert_eq!(read(HERE, "account 7"), Notice::Own);
        assert_eq!((read(HERE, "mark 3"), read(ELSEWHERE, "mark 3")), (Notice::Mark(3), Notice::Own));
        for nonsense in ["", "x", "account", "account x y", "mark"] {
            assert!(matches!(read(ELSEWHERE, nonsense), Notice::Changed(_)), "{nonsense}");
        }
        assert_eq!(Notice::read("", HERE, IdKind::Uuid), Notice::Changed(AccessChange::Everything));
    }
}
