//! Who is on the other end. Forwarding headers are anybody's to write, so they are believed hop by hop, from the right,
//! as far as the trusted proxies reach.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use actix_web::HttpRequest;
use actix_web::http::header::{FORWARDED, HeaderMap, HeaderName, X_FORWARDED_FOR, X_FORWARDED_PROTO};

use crate::settings::Cidr;

/// What is known of the client's end of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Client {
    pub(crate) address: IpAddr,
    /// Whether the client's own connection is encrypted, be it by a proxy.
    pub(crate) tls: bool,
}

/// One entry of a forwarding header: what a proxy says of the hop before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Hop {
    /// None for `unknown`, an obfuscated name, or nonsense.
    address: Option<IpAddr>,
    tls: Option<bool>,
}

pub(crate) fn client(req: &HttpRequest, trusted: &[Cidr]) -> Client {
    let peer = req.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip().to_canonical());
    let direct = Client { address: peer, tls: req.app_config().secure() };
    if !is_trusted(peer, trusted) {
        return direct;
    }
    let standard = forwarded(req.headers());
    let usual = x_forwarded(req.headers());
    match (standard.is_empty(), usual.is_empty()) {
        (_, true) => walk(direct, &standard, trusted),
        (true, false) => walk(direct, &usual, trusted),
        (false, false) => both(direct, walk(direct, &standard, trusted), walk(direct, &usual, trusted)),
    }
}

/// A proxy maintains one of the two and passes the other on as the client wrote it. Which one is unknown, so where
/// they differ neither is believed.
fn both(direct: Client, standard: Client, usual: Client) -> Client {
    if standard.address == usual.address { Client { tls: standard.tls && usual.tls, ..usual } } else { direct }
}

/// From the right: each hop is told by the one after it, so the first untrusted address is the client.
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

/// RFC 7239. Split at every comma, quoted or not: an address has none, and a client's open quote must not swallow
/// what a proxy appends.
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

/// `X-Forwarded-For` with `X-Forwarded-Proto` beside it: entry by entry where there are as many, else the nearest
/// proxy's word for all.
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

/// Every comma-separated entry of every line of the header, in order. A line that is not text is one unknown entry.
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

    fn seen(peer: &str, headers: &[(&'static str, &'static str)]) -> (String, bool) {
        let trusted: Vec<Cidr> = ["10.0.0.0/8", "fd00::/8"].map(|cidr| cidr.parse().expect("a network")).to_vec();
        let mut request = TestRequest::get().peer_addr(SocketAddr::new(peer.parse().expect("an address"), 4711));
        for header in headers {
            request = request.append_header(*header);
        }
        let request = request.to_http_request();
        let client = client(&request, &trusted);
        (client.address.to_string(), client.tls)
    }

    #[test]
    fn a_stranger_cannot_claim_another_address_or_tls() {
        let claims = [
            ("X-Forwarded-For", "192.0.2.9"),
            ("X-Forwarded-Proto", "https"),
            ("Forwarded", "for=192.0.2.9;proto=https"),
        ];
        assert_eq!(seen("203.0.113.5", &claims), ("203.0.113.5".into(), false));
    }

    #[test]
    fn a_trusted_proxy_tells_the_client() {
        let told = [("X-Forwarded-For", "192.0.2.9"), ("X-Forwarded-Proto", "https")];
        assert_eq!(seen("10.0.0.1", &told), ("192.0.2.9".into(), true));
        let told = [("Forwarded", "for=\"[2001:db8::9]:4711\";proto=https;by=10.0.0.1")];
        assert_eq!(seen("10.0.0.1", &told), ("2001:db8::9".into(), true));
    }

    #[test]
    fn what_the_client_wrote_left_of_its_own_address_is_not_believed() {
        assert_eq!(seen("10.0.0.1", &[("X-Forwarded-For", "1.1.1.1, 192.0.2.9, 10.0.0.7")]).0, "192.0.2.9");
        assert_eq!(
            seen("10.0.0.1", &[("X-Forwarded-For", "1.1.1.1"), ("X-Forwarded-For", "192.0.2.9")]).0,
            "192.0.2.9"
        );
    }

    #[test]
    fn an_open_quote_does_not_swallow_what_the_proxy_appends() {
        assert_eq!(seen("10.0.0.1", &[("Forwarded", "for=\"1.1.1.1, for=192.0.2.9")]).0, "192.0.2.9");
    }

    #[test]
    fn where_the_two_headers_differ_neither_is_believed() {
        let differ = [("Forwarded", "for=1.1.1.1"), ("X-Forwarded-For", "192.0.2.9")];
        assert_eq!(seen("10.0.0.1", &differ).0, "10.0.0.1");
        let agree = [("Forwarded", "for=192.0.2.9;proto=https"), ("X-Forwarded-For", "192.0.2.9")];
        assert_eq!(seen("10.0.0.1", &agree).0, "192.0.2.9");
    }

    #[test]
    fn an_unknown_hop_ends_the_walk_at_the_last_known_one() {
        assert_eq!(seen("10.0.0.1", &[("X-Forwarded-For", "1.1.1.1, unknown, 10.0.0.7")]).0, "10.0.0.7");
        assert_eq!(seen("10.0.0.1", &[("Forwarded", "for=_hidden;proto=https")]), ("10.0.0.1".into(), true));
    }

    #[test]
    fn a_chain_of_trusted_proxies_leads_to_its_far_end() {
        assert_eq!(seen("10.0.0.1", &[("X-Forwarded-For", "10.0.0.3, fd00::2")]).0, "10.0.0.3");
    }

    #[test]
    fn a_claimed_protocol_left_of_the_proxys_is_not_believed() {
        assert!(!seen("10.0.0.1", &[("X-Forwarded-Proto", "https, http")]).1);
        let chain = [("X-Forwarded-For", "192.0.2.9, 10.0.0.7"), ("X-Forwarded-Proto", "https, http")];
        assert!(seen("10.0.0.1", &chain).1, "the client's own hop was encrypted");
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
