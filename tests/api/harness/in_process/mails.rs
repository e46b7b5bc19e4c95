//! The mails that the application has sent.

use gable::testing::ReceivedMail;

use super::InProcess;

impl InProcess {
    /// The latest mail, once this many have been sent.
    #[track_caller]
    pub(crate) fn mail(&self, count: usize) -> ReceivedMail {
        let mails = self.wait_for_mails(count);
        assert_eq!(mails.len(), count, "{mails:#?}");
        mails[count - 1].clone()
    }

    /// Every mail, once at least this many have been sent.
    pub(crate) fn wait_for_mails(&self, count: usize) -> Vec<ReceivedMail> {
        self.server.wait_for_mails(count)
    }

    /// The mails to an address, once at least this many have been sent.
    #[track_caller]
    pub(crate) fn mails_to(&self, address: &str, count: usize) -> Vec<ReceivedMail> {
        let mut wanted = count;
        loop {
            let all = self.wait_for_mails(wanted);
            wanted = all.len() + 1;
            let found: Vec<ReceivedMail> = all.into_iter().filter(|mail| mail.to == address).collect();
            if found.len() >= count {
                return found;
            }
        }
    }

    /// The number of mails that were sent, counted once no mail waits in the outbox.
    #[track_caller]
    pub(crate) fn mails(&self) -> usize {
        self.eventually_has_rows("gable_outbox", 0);
        self.server.mails().len()
    }
}
