//! The normal form in which e-mail addresses are stored and looked up.

/// Normalizes an address for storage and comparison: trims it, converts it to lower case, and maps its domain to ASCII
/// by UTS-46. `Ada@Bücher.example`, `ada@ｂücher。example` and `ada@xn--bcher-kva.example` are one mailbox, and must not
/// make several accounts. A text that is no address is only trimmed and put in lower case; validation refuses it.
pub(crate) fn normal_address(text: &str) -> String {
    let text = text.trim();
    let Some((local, domain)) = text.rsplit_once('@') else { return text.to_lowercase() };
    let domain = idna::domain_to_ascii(domain).unwrap_or_else(|_| domain.to_lowercase());
    format!("{}@{domain}", local.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::normal_address;

    #[test]
    fn every_spelling_of_a_domain_is_one() {
        let spellings = [
            "ada@bücher.example",
            "ADA@BÜCHER.EXAMPLE",
            " Ada@Bu\u{308}cher.example ",
            "ada@ｂücher。ｅxample",
            "ada@bü\u{ad}cher.example",
            "ada@xn--bcher-kva.example",
            "ada@XN--BCHER-KVA.example",
        ];
        for spelling in spellings {
            assert_eq!(normal_address(spelling), "ada@xn--bcher-kva.example", "{spelling}");
        }
        assert_eq!(normal_address("ada@Example.COM"), "ada@example.com");
    }

    #[test]
    fn normalizing_again_changes_nothing() {
        for text in [
            "ada@bücher.example",
            "Ä@straße.example",
            "no address",
            "@",
            "a@",
            "a@b@ü",
            "a@xn--\u{fc}",
            "a@[127.0.0.1]",
        ] {
            let once = normal_address(text);
            assert_eq!(normal_address(&once), once, "{text}");
        }
    }

    #[test]
    fn the_part_before_the_at_sign_is_not_treated_as_a_domain() {
        assert_eq!(normal_address("Bücher@example.com"), "bücher@example.com");
        assert_ne!(normal_address("bücher@example.com"), normal_address("xn--bcher-kva@example.com"));
    }
}
