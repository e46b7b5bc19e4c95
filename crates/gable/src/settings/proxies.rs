//! The proxies in front of the application, and the header in which they forward a client's address.

use super::cidr::Cidr;
use super::reader::Reader;

/// Proxies whose forwarding header is trusted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Proxies {
    pub(crate) trusted: Vec<Cidr>,
    pub(crate) header: ProxyHeader,
}

/// The header that the proxies maintain. The other one is never read, because proxies forward it as the client sent
/// it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum ProxyHeader {
    /// `X-Forwarded-For`, with `X-Forwarded-Proto` beside it.
    #[default]
    XForwardedFor,
    /// `Forwarded`, RFC 7239.
    Forwarded,
}

pub(super) fn proxies(reader: &mut Reader<'_>) -> Proxies {
    let headers = [("x-forwarded-for", ProxyHeader::XForwardedFor), ("forwarded", ProxyHeader::Forwarded)];
    let trusted = trusted(reader);
    Proxies { trusted, header: reader.choice("TRUSTED_PROXY_HEADER", ProxyHeader::default(), &headers) }
}

fn trusted(reader: &mut Reader<'_>) -> Vec<Cidr> {
    let list = reader.text("TRUSTED_PROXIES").unwrap_or_default();
    let entries = list.split(',').map(str::trim).filter(|entry| !entry.is_empty());
    let mut proxies = Vec::new();
    for entry in entries {
        match entry.parse() {
            Ok(cidr) => proxies.push(cidr),
            Err(error) => reader.problem(format!("TRUSTED_PROXIES: `{entry}` is {error}")),
        }
    }
    proxies
}
