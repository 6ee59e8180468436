//! A real DNS server on the loopback interface, one for all stories: it says what they tell it to, and
//! that there is nothing of all other names.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{LazyLock, Mutex};
use std::time::Duration;

use hickory_server::Server;
use hickory_server::net::runtime::Time;
use hickory_server::proto::op::{Header, HeaderCounts, Metadata, ResponseCode};
use hickory_server::proto::rr::rdata::TXT;
use hickory_server::proto::rr::{RData, Record, RecordType};
use hickory_server::server::{Request, RequestHandler, ResponseHandler, ResponseInfo};
use hickory_server::zone_handler::MessageResponseBuilder;

/// What the server answers about a name.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// TXT records, each of these pieces.
    Texts(Vec<Vec<String>>),
    /// The name is there, and has no TXT record.
    Nothing,
    /// An error.
    Error(ResponseCode),
    /// Nothing at all.
    Silence,
}

static REPLIES: LazyLock<Mutex<HashMap<String, Reply>>> = LazyLock::new(Mutex::default);
static ASKED: LazyLock<Mutex<HashMap<String, u32>>> = LazyLock::new(Mutex::default);
static NUMBER: AtomicU32 = AtomicU32::new(0);

/// The server's address; it is started when the first story needs it, and lives as long as the tests.
static ADDRESS: LazyLock<SocketAddr> = LazyLock::new(|| {
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            let udp = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
            let address = udp.local_addr().unwrap();
            let tcp = tokio::net::TcpListener::bind(address).await.unwrap();
            let mut server = Server::new(Zone);
            server.register_socket(udp);
            server.register_listener(tcp, Duration::from_secs(5), 16);
            tell.send(address).unwrap();
            server.block_until_done().await.unwrap();
        });
    });
    told.recv().unwrap()
});

/// Where the server answers.
pub(crate) fn address() -> SocketAddr {
    *ADDRESS
}

/// A domain that no other story has.
pub(crate) fn domain(name: &str) -> String {
    format!("{name}{}.example", NUMBER.fetch_add(1, Ordering::Relaxed))
}

/// What is said about a name from now on.
pub(crate) fn say(name: &str, reply: Reply) {
    REPLIES.lock().unwrap().insert(name.to_owned(), reply);
}

/// One TXT record in one piece.
pub(crate) fn text(text: &str) -> Reply {
    Reply::Texts(vec![vec![text.to_owned()]])
}

/// There is nothing of the name any more.
pub(crate) fn forget(name: &str) {
    REPLIES.lock().unwrap().remove(name);
}

/// How often a name has been asked for.
pub(crate) fn asked(name: &str) -> u32 {
    ASKED.lock().unwrap().get(name).copied().unwrap_or_default()
}

struct Zone;

impl Zone {
    async fn answer<R: ResponseHandler>(request: &Request, mut to: R) -> ResponseInfo {
        let query = request.request_info().unwrap().query;
        let name = query.name().to_string().trim_end_matches('.').to_lowercase();
        *ASKED.lock().unwrap().entry(name.clone()).or_default() += 1;
        let reply = REPLIES.lock().unwrap().get(&name).cloned();
        let mut metadata = Metadata::response_from_request(&request.metadata);
        let mut records = Vec::new();
        match reply {
            None => metadata.response_code = ResponseCode::NXDomain,
            Some(Reply::Nothing) => {}
            Some(Reply::Error(code)) => metadata.response_code = code,
            Some(Reply::Silence) => {
                return ResponseInfo::from(Header { metadata, counts: HeaderCounts::default() });
            }
            Some(Reply::Texts(texts)) if query.query_type() == RecordType::TXT => {
                let name = query.name().clone();
                records = texts
                    .into_iter()
                    .map(|pieces| {
                        Record::from_rdata(name.clone().into(), 60, RData::TXT(TXT::new(pieces)))
                    })
                    .collect();
            }
            Some(Reply::Texts(_)) => {}
        }
        let builder = MessageResponseBuilder::from_message_request(request);
        let response = builder.build(metadata, &records, [], [], []);
        to.send_response(response).await.unwrap()
    }
}

impl RequestHandler for Zone {
    fn handle_request<'life0, 'life1, 'async_trait, R, T>(
        &'life0 self,
        request: &'life1 Request,
        response_handle: R,
    ) -> Pin<Box<dyn Future<Output = ResponseInfo> + Send + 'async_trait>>
    where
        R: 'async_trait + ResponseHandler,
        T: 'async_trait + Time,
        'life0: 'async_trait,
        'life1: 'async_trait,
        Self: 'async_trait,
    {
        Box::pin(Self::answer(request, response_handle))
    }
}
