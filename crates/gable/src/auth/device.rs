//! Names the device of a `User-Agent`, so that people recognize their own log-ins. Not reliable enough for anything
//! else.

use serde::Serialize;

/// Substrings that identify browsers. The order matters, because most browsers also contain the mark of another one.
const BROWSERS: [(&str, &str); 11] = [
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
    ("PostmanRuntime/", "Postman"),
];

/// Substrings that identify operating systems, in the order of the search, with the usual name of the device.
const SYSTEMS: [System; 7] = [
    System { mark: "iPhone", device: "iPhone", os: "iOS" },
    System { mark: "iPad", device: "iPad", os: "iOS" },
    System { mark: "Android", device: "Android", os: "Android" },
    System { mark: "Windows", device: "Windows", os: "Windows" },
    System { mark: "Mac OS X", device: "macOS", os: "macOS" },
    System { mark: "CrOS", device: "ChromeOS", os: "ChromeOS" },
    System { mark: "Linux", device: "Linux", os: "Linux" },
];

struct System {
    mark: &'static str,
    device: &'static str,
    os: &'static str,
}

/// The name of a browser or operating system that is not recognized.
const UNKNOWN: &str = "Unknown";

/// The browser, operating system and type of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Device {
    browser: &'static str,
    os: &'static str,
    /// `mobile`, `tablet`, or `desktop` for everything else.
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip)]
    name: Option<&'static str>,
}

impl Device {
    pub(super) fn of(user_agent: Option<&str>) -> Self {
        let agent = user_agent.unwrap_or_default();
        let browser = BROWSERS.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name);
        let system = SYSTEMS.iter().find(|system| agent.contains(system.mark));
        Self {
            browser: browser.unwrap_or(UNKNOWN),
            os: system.map_or(UNKNOWN, |system| system.os),
            kind: kind(agent),
            name: system.map(|system| system.device),
        }
    }

    /// `Firefox on Linux`, `curl`, or `Unknown device`.
    pub(crate) fn name(&self) -> String {
        match (self.browser, self.name) {
            (UNKNOWN, None) => "Unknown device".to_owned(),
            (UNKNOWN, Some(device)) => device.to_owned(),
            (browser, None) => browser.to_owned(),
            (browser, Some(device)) => format!("{browser} on {device}"),
        }
    }
}

/// The type of a device. Browsers on Android contain `Mobile` on phones but not on tablets.
fn kind(agent: &str) -> &'static str {
    match agent {
        _ if agent.contains("iPad") || agent.contains("Tablet") => "tablet",
        _ if agent.contains("Mobile") || agent.contains("iPhone") => "mobile",
        _ if agent.contains("Android") => "tablet",
        _ => "desktop",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_clients_are_recognized() {
        let cases = [
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
                ("Firefox", "Linux", "desktop", "Firefox on Linux"),
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 \
                 Safari/537.36 Edg/141.0.0.0",
                ("Edge", "Windows", "desktop", "Edge on Windows"),
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                 Version/18.0 Mobile/15E148 Safari/604.1",
                ("Safari", "iOS", "mobile", "Safari on iPhone"),
            ),
            (
                "Mozilla/5.0 (Linux; Android 15; SM-X710) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
                ("Chrome", "Android", "tablet", "Chrome on Android"),
            ),
            (
                "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36",
                ("Chrome", "Android", "mobile", "Chrome on Android"),
            ),
            ("curl/8.5.0", ("curl", "Unknown", "desktop", "curl")),
            ("", ("Unknown", "Unknown", "desktop", "Unknown device")),
        ];
        for (agent, (browser, os, kind, name)) in cases {
            let device = Device::of(Some(agent));
            assert_eq!((device.browser, device.os, device.kind, device.name().as_str()), (browser, os, kind, name));
        }
        assert_eq!(Device::of(None), Device::of(Some("")));
    }
}
