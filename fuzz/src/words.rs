//! Mutations of whole words. Changing single bytes rarely produces another meaningful word.

use libfuzzer_sys::fuzzer_mutate;

/// Maximum number of tokens that are copied or removed at once.
const LONGEST_SPAN: usize = 12;

/// Returns the words of a libFuzzer dictionary.
pub fn of(dictionary: &str) -> Vec<&str> {
    let mut words: Vec<&str> = dictionary.lines().flat_map(tokens).filter(|token| is_word(token)).collect();
    words.sort_unstable();
    words.dedup();
    words
}

/// Mutates an input, for `fuzz_mutator!`. Half of the mutations are those of libFuzzer.
pub fn change(data: &mut [u8], size: usize, max_size: usize, seed: u32, words: &[&str]) -> usize {
    let mut random = Random(u64::from(seed) + 1);
    let changed = match std::str::from_utf8(&data[..size]) {
        Ok(text) if random.below(2) == 0 => changed(text, words, &mut random),
        _ => return fuzzer_mutate(data, size, max_size),
    };
    if changed.len() > max_size {
        return fuzzer_mutate(data, size, max_size);
    }
    data[..changed.len()].copy_from_slice(changed.as_bytes());
    changed.len()
}

fn changed(text: &str, words: &[&str], random: &mut Random) -> String {
    let mut tokens = tokens(text);
    for _ in 0..=random.below(3) {
        let at = random.below(tokens.len() + 1);
        let end = (at + 1 + random.below(LONGEST_SPAN)).min(tokens.len());
        match random.below(5) {
            0 => drop(tokens.drain(at..end)),
            1 => {
                let copied = tokens[at..end].to_vec();
                let to = random.below(tokens.len() + 1);
                tokens.splice(to..to, copied);
            }
            _ => {
                let Some(word) = (at..tokens.len()).find(|at| is_word(tokens[*at])) else { continue };
                tokens[word] = words[random.below(words.len())];
            }
        }
    }
    tokens.concat()
}

/// Splits a text into words and single characters between them.
fn tokens(text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = if in_word(first) { rest.find(|c| !in_word(c)).unwrap_or(rest.len()) } else { first.len_utf8() };
        let (token, after) = rest.split_at(end);
        tokens.push(token);
        rest = after;
    }
    tokens
}

fn is_word(token: &str) -> bool {
    token.starts_with(in_word)
}

fn in_word(c: char) -> bool {
    c.is_alphanumeric() || c == '$'
}

/// A xorshift generator, which is good enough for mutations.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % bound
    }
}
