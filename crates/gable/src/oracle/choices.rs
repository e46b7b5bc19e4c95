//! Random decisions, taken one after another from a list of numbers. Shorter lists of smaller numbers lead to simpler
//! decisions, so that a failing case shrinks with its list.

pub(super) struct Choices<'a>(std::slice::Iter<'a, u16>);

impl<'a> Choices<'a> {
    pub(super) fn new(numbers: &'a [u16]) -> Self {
        Self(numbers.iter())
    }

    /// A number less than `count`; 0 once the numbers are used up.
    pub(super) fn below(&mut self, count: usize) -> usize {
        let number = self.0.next().copied().unwrap_or(0);
        usize::from(number) * count / (usize::from(u16::MAX) + 1)
    }

    /// One of these; the first is the simplest.
    pub(super) fn among<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    /// True in so many of 100 cases; false is simpler.
    pub(super) fn percent(&mut self, often: usize) -> bool {
        self.below(100) >= 100 - often
    }

    /// At most `most` results of `each`.
    pub(super) fn several<T>(&mut self, most: usize, mut each: impl FnMut(&mut Self) -> T) -> Vec<T> {
        let count = self.below(most + 1);
        (0..count).map(|_| each(self)).collect()
    }

    /// Different elements, at most `most`.
    pub(super) fn subset<T: Copy + PartialEq>(&mut self, all: &[T], most: usize) -> Vec<T> {
        let mut chosen = Vec::new();
        for one in self.several(most.min(all.len()), |choices| choices.among(all)) {
            if !chosen.contains(&one) {
                chosen.push(one);
            }
        }
        chosen
    }
}
