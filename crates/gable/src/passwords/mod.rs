//! Hashing and verifying of passwords, on threads of their own and never on one that serves requests. A password of
//! more than 72 bytes is refused, never truncated.

mod decoys;
mod fair_queue;
mod hasher;
mod stored_hash;

pub(crate) use decoys::FOREIGN_KINDS;
pub(crate) use hasher::{Hasher, Origin};
pub(crate) use stored_hash::{UnusableHash, prefix as hash_prefix};
