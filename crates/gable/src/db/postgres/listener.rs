//! `LISTEN` on a separate connection.

use std::future::poll_fn;

use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::JoinHandle;
use tokio_postgres::{AsyncMessage, Client};

use super::Target;
use crate::db::DbError;

/// Notifications of one channel, in their order.
pub(in crate::db) struct Listener {
    client: Client,
    payloads: UnboundedReceiver<String>,
    task: JoinHandle<()>,
}

impl Target {
    /// # Errors
    /// The server cannot be reached.
    pub(in crate::db) async fn listen(&self, channel: &str) -> Result<Listener, DbError> {
        let (client, mut connection) = self.connect().await?;
        let (sender, payloads) = unbounded_channel();
        let task = tokio::spawn(async move {
            while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
                if let AsyncMessage::Notification(notification) = message
                    && sender.send(notification.payload().to_owned()).is_err()
                {
                    return;
                }
            }
        });
        let listener = Listener { client, payloads, task };
        listener.client.batch_execute(&format!("SET application_name = 'gable listener'; LISTEN {channel}")).await?;
        Ok(listener)
    }
}

impl Listener {
    /// The next payload; `None` once the connection has ended.
    pub(in crate::db) async fn next(&mut self) -> Option<String> {
        self.payloads.recv().await
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
    }
}
