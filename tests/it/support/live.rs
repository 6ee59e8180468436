//! Clients of what goes on for longer than a request: a WebSocket, and server-sent events.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::{Person, Server};

/// How long a story waits for what has to come.
const PATIENCE: Duration = Duration::from_secs(15);

/// A WebSocket as a client has it.
pub(crate) struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    /// Opens one with these headers; else the status of the refusal.
    pub(crate) async fn open(
        server: &Server,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, u16> {
        let url = format!("{}/graphql", server.url).replace("http://", "ws://");
        let mut request = url.into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        match connect_async(request).await {
            Ok((stream, _)) => Ok(Self(stream)),
            Err(Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    /// Opens one that speaks the protocol, as nobody yet.
    pub(crate) async fn plain(server: &Server) -> Self {
        let protocol = [("sec-websocket-protocol", "graphql-transport-ws")];
        Self::open(server, &protocol).await.unwrap()
    }

    /// Opens one and says who it is.
    pub(crate) async fn of(person: &Person) -> Self {
        Self::at(&person.server, person).await
    }

    /// The same at another server.
    pub(crate) async fn at(server: &Server, person: &Person) -> Self {
        let mut socket = Self::plain(server).await;
        let payload = json!({ "Authorization": format!("Bearer {}", person.access_token) });
        socket.say(json!({ "type": "connection_init", "payload": payload })).await;
        assert_eq!(socket.hear().await["type"], "connection_ack");
        socket
    }

    pub(crate) async fn say(&mut self, message: Value) {
        self.text(&message.to_string()).await;
    }

    pub(crate) async fn text(&mut self, text: &str) {
        self.0.send(Message::text(text)).await.unwrap();
    }

    /// Begins an operation, and gives a subscription the time to have begun: nothing tells of it.
    pub(crate) async fn begin(&mut self, id: &str, query: &str, variables: Value) {
        let payload = json!({ "query": query, "variables": variables });
        self.say(json!({ "id": id, "type": "subscribe", "payload": payload })).await;
        if query.starts_with("subscription") {
            sleep(Duration::from_millis(700)).await;
        }
    }

    /// The next message, or the code that the server closes with.
    pub(crate) async fn next(&mut self) -> Result<Value, u16> {
        loop {
            match timeout(PATIENCE, self.0.next()).await.expect("nothing is said") {
                Some(Ok(Message::Text(text))) => return Ok(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(frame))) => {
                    return Err(frame.map_or(1005, |frame| frame.code.into()));
                }
                Some(Ok(_)) => {}
                None | Some(Err(_)) => return Err(1006),
            }
        }
    }

    pub(crate) async fn hear(&mut self) -> Value {
        self.next().await.unwrap_or_else(|code| panic!("closed with {code}"))
    }

    /// The data of the next event of an operation.
    pub(crate) async fn event(&mut self, id: &str) -> Value {
        let message = self.hear().await;
        assert_eq!((&message["type"], &message["id"]), (&json!("next"), &json!(id)), "{message:#}");
        assert!(message["payload"].get("errors").is_none(), "{message:#}");
        message["payload"]["data"].clone()
    }

    /// The code that the server closes with, whatever it says before.
    pub(crate) async fn closed(&mut self) -> u16 {
        loop {
            if let Err(code) = self.next().await {
                return code;
            }
        }
    }

    /// Nothing is said for a while.
    pub(crate) async fn is_silent(&mut self) {
        let heard = timeout(Duration::from_secs(1), self.next()).await;
        assert!(heard.is_err(), "{heard:?}");
    }
}

/// Server-sent events as a client reads them.
pub(crate) struct Events {
    response: reqwest::Response,
    text: String,
}

impl Events {
    pub(crate) async fn of(person: &Person, query: &str, variables: Value) -> Self {
        let request = person.server.http.post(format!("{}/graphql", person.server.url));
        let request =
            request.header("accept", "text/event-stream").bearer_auth(&person.access_token);
        let body = json!({ "query": query, "variables": variables });
        let response = request.json(&body).send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        if query.starts_with("subscription") {
            sleep(Duration::from_millis(700)).await;
        }
        Self { response, text: String::new() }
    }

    /// The next event with its data; none once the stream is over. Comments keep the line open.
    pub(crate) async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            while let Some((event, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name));
                let (kind, data) = (field("event:"), field("data:"));
                let found = kind.map(|kind| {
                    let data = data.unwrap_or_default().trim();
                    (kind.trim().to_owned(), serde_json::from_str(data).unwrap_or(Value::Null))
                });
                self.text = rest.to_owned();
                if found.is_some() {
                    return found;
                }
            }
            match timeout(PATIENCE, self.response.chunk()).await.expect("nothing is said") {
                Ok(Some(chunk)) => self.text += std::str::from_utf8(&chunk).unwrap(),
                Ok(None) | Err(_) => return None,
            }
        }
    }
}
