//! The client's address. Clients can forge forwarding headers, so only the header that the proxies maintain is read,
//! hop by hop from the right, as far as the proxies are trusted.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use actix_web::HttpRequest;
use actix_web::http::header::{FORWARDED, HeaderMap, HeaderName, X_FORWARDED_FOR, X_FORWARDED_PROTO};

use crate::settings::{Cidr, Proxies, ProxyHeader};

/// The address and encryption of the client's connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Client {
    pub(crate) address: IpAddr,
    /// Whether the client's own connection is encrypted, to this server or to a proxy.
    pub(crate) tls: bool,
}

/// One entry of a forwarding header, in which a proxy describes the hop before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Hop {
    /// None for `unknown`, an obfuscated name, or an invalid address.
    address: Option<IpAddr>,
    tls: Option<bool>,
}

/// Determines the client from the header that the proxies maintain. The other header is never read: clients can set
/// it.
pub(crate) fn client(req: &HttpRequest, proxies: &Proxies) -> Client {
    let peer = req.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip().to_canonical());
    let direct = Client { address: peer, tls: req.app_config().secure() };
    if !is_trusted(peer, &proxies.trusted) {
        return direct;
    }
    let hops = match proxies.header {
        ProxyHeader::XForwardedFor => x_forwarded(req.headers()),
        ProxyHeader::Forwarded => forwarded(req.headers()),
    };
    walk(direct, &hops, &proxies.trusted)
}

/// Follows the hops from the right. Each entry was written by the hop after it, so the first untrusted address is the
/// client.
fn walk(direct: Client, hops: &[Hop], trusted: &[Cidr]) -> Client {
    let mut client = direct;
    for hop in hops.iter().rev() {
        client.tls = hop.tls.unwrap_or(client.tls);
        let Some(address) = hop.address else { break };
        client.address = address;
        if !is_trusted(address, trusted) {
            break;
        }
    }
    client
}

fn is_trusted(address: IpAddr, trusted: &[Cidr]) -> bool {
    trusted.iter().any(|network| network.contains(address))
}

/// Parses `Forwarded` (RFC 7239). It is split at every comma, even within quotes: an address contains no comma, and
/// an unclosed quote from a client must not hide the entries that proxies append.
fn forwarded(headers: &HeaderMap) -> Vec<Hop> {
    entries(headers, &FORWARDED).map(forwarded_hop).collect()
}

fn forwarded_hop(entry: &str) -> Hop {
    let mut hop = Hop { address: None, tls: None };
    for (name, value) in entry.split(';').filter_map(|pair| pair.split_once('=')) {
        let value = value.trim().trim_matches('"');
        match name.trim().to_ascii_lowercase().as_str() {
            "for" => hop.address = address(value),
            "proto" => hop.tls = Some(is_https(value)),
            _ => {}
        }
    }
    hop
}

/// Parses `X-Forwarded-For` and `X-Forwarded-Proto`: entry by entry if both have the same number of entries;
/// otherwise the last protocol, which the nearest proxy added, applies to all.
fn x_forwarded(headers: &HeaderMap) -> Vec<Hop> {
    let addresses: Vec<_> = entries(headers, &X_FORWARDED_FOR).map(address).collect();
    let protocols: Vec<_> = entries(headers, &X_FORWARDED_PROTO).map(is_https).collect();
    let nearest = protocols.last().copied();
    if addresses.is_empty() {
        return nearest.map(|tls| Hop { address: None, tls: Some(tls) }).into_iter().collect();
    }
    let aligned = addresses.len() == protocols.len();
    let tls = |index: usize| if aligned { protocols.get(index).copied() } else { nearest };
    addresses.iter().enumerate().map(|(index, address)| Hop { address: *address, tls: tls(index) }).collect()
}

/// Returns every comma-separated entry of every line of the header, in order. A line that is not text is one unknown
/// entry.
fn entries<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    headers.get_all(name).flat_map(|line| line.to_str().unwrap_or("unknown").split(',')).map(str::trim)
}

fn is_https(protocol: &str) -> bool {
    protocol.eq_ignore_ascii_case("https")
}

/// `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:80`.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let parsed = bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()));
    parsed.map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn seen(header: ProxyHeader, peer: &str, headers: &[(&'static str, &'static str)]) -> (String, bool) {
        let trusted: Vec<Cidr> = ["10.0.0.0/8", "fd00::/8"].map(|cidr| cidr.parse().expect("a network")).to_vec();
        let mut request = TestRequest::get().peer_addr(SocketAddr::new(peer.parse().expect("an address"), 4711));
        for header in headers {
            request = request.append_header(*header);
        }
        let request = request.to_http_request();
        let client = client(&request, &Proxies { trusted, header });
        (client.address.to_string(), client.tls)
    }

    fn usual(peer: &str, headers: &[(&'static str, &'static str)]) -> (String, bool) {
        seen(ProxyHeader::XForwardedFor, peer, headers)
    }

    fn standard(peer: &str, headers: &[(&'static str, &'static str)]) -> (String, bool) {
        seen(ProxyHeader::Forwarded, peer, headers)
    }

    #[test]
    fn a_stranger_cannot_claim_another_address_or_tls() {
        let claims = [
            ("X-Forwarded-For", "192.0.2.9"),
            ("X-Forwarded-Proto", "https"),
            ("Forwarded", "for=192.0.2.9;proto=https"),
        ];
        assert_eq!(usual("203.0.113.5", &claims), ("203.0.113.5".into(), false));
        assert_eq!(standard("203.0.113.5", &claims), ("203.0.113.5".into(), false));
    }

    #[test]
    fn a_trusted_proxy_tells_the_client() {
        let headers = [("X-Forwarded-For", "192.0.2.9"), ("X-Forwarded-Proto", "https")];
        assert_eq!(usual("10.0.0.1", &headers), ("192.0.2.9".into(), true));
        let headers = [("Forwarded", "for=\"[2001:db8::9]:4711\";proto=https;by=10.0.0.1")];
        assert_eq!(standard("10.0.0.1", &headers), ("2001:db8::9".into(), true));
    }

    #[test]
    fn what_the_client_wrote_left_of_its_own_address_is_not_believed() {
        assert_eq!(usual("10.0.0.1", &[("X-Forwarded-For", "1.1.1.1, 192.0.2.9, 10.0.0.7")]).0, "192.0.2.9");
        assert_eq!(
            usual("10.0.0.1", &[("X-Forwarded-For", "1.1.1.1"), ("X-Forwarded-For", "192.0.2.9")]).0,
            "192.0.2.9"
        );
    }

    #[test]
    fn an_open_quote_does_not_swallow_what_the_proxy_appends() {
        assert_eq!(standard("10.0.0.1", &[("Forwarded", "for=\"1.1.1.1, for=192.0.2.9")]).0, "192.0.2.9");
    }

    #[test]
    fn the_header_that_the_proxy_does_not_set_is_ignored_wherever_it_stands() {
        let both = [
            ("Forwarded", "for=1.1.1.1;proto=https"),
            ("X-Forwarded-For", "192.0.2.9"),
            ("Forwarded", "for=192.0.2.9;proto=https"),
        ];
        assert_eq!(usual("10.0.0.1", &both), ("192.0.2.9".into(), false));
        assert_eq!(usual("10.0.0.1", &both[..1]), ("10.0.0.1".into(), false));
        let both = [("X-Forwarded-For", "1.1.1.1"), ("Forwarded", "for=192.0.2.9"), ("X-Forwarded-Proto", "https")];
        assert_eq!(standard("10.0.0.1", &both), ("192.0.2.9".into(), false));
        assert_eq!(standard("10.0.0.1", &both[..1]), ("10.0.0.1".into(), false));
    }

    #[test]
    fn an_unknown_hop_ends_the_walk_at_the_last_known_one() {
        assert_eq!(usual("10.0.0.1", &[("X-Forwarded-For", "1.1.1.1, unknown, 10.0.0.7")]).0, "10.0.0.7");
        assert_eq!(standard("10.0.0.1", &[("Forwarded", "for=_hidden;proto=https")]), ("10.0.0.1".into(), true));
    }

    #[test]
    fn a_chain_of_trusted_proxies_leads_to_its_far_end() {
        assert_eq!(usual("10.0.0.1", &[("X-Forwarded-For", "10.0.0.3, fd00::2")]).0, "10.0.0.3");
    }

    #[test]
    fn a_claimed_protocol_left_of_the_proxys_is_not_believed() {
        assert!(!usual("10.0.0.1", &[("X-Forwarded-Proto", "https, http")]).1);
        let chain = [("X-Forwarded-For", "192.0.2.9, 10.0.0.7"), ("X-Forwarded-Proto", "https, http")];
        assert!(usual("10.0.0.1", &chain).1, "the client's own hop was encrypted");
    }

    #[test]
    fn addresses_come_with_and_without_ports() {
        for (text, expected) in [
            ("192.0.2.1:80", "192.0.2.1"),
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("[2001:db8::1]:80", "2001:db8::1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
        ] {
            assert_eq!(address(text).map(|address| address.to_string()).as_deref(), Some(expected));
        }
        assert_eq!(address("localhost"), None);
    }
}
