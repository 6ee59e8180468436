//! A mail server on a free port of this machine, for tests where mail is the subject: it speaks
//! SMTP (RFC 5321), keeps what it gets, and fails where it is told to.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mail_parser::MessageParser;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

use super::smtp_tls::{self, Stream};

/// How long a test waits for a mail before it fails.
const PATIENCE: Duration = Duration::from_secs(10);

/// A mail that arrived, whole.
#[allow(dead_code, reason = "not every story looks at every part")]
#[derive(Clone, Debug)]
pub(crate) struct Received {
    /// The envelope's sender.
    pub(crate) from: String,
    /// The envelope's recipients.
    pub(crate) to: Vec<String>,
    /// The message as it came, without the dots that SMTP adds.
    pub(crate) raw: String,
    /// The subject, decoded.
    pub(crate) subject: String,
    /// The plain text part, decoded, with `\n` line ends.
    pub(crate) text: String,
    /// The HTML part, decoded.
    pub(crate) html: String,
    /// The `Message-ID`, without its angle brackets.
    pub(crate) message_id: String,
    /// Whether it came encrypted.
    pub(crate) encrypted: bool,
}

impl Received {
    fn new(from: String, to: Vec<String>, raw: &[u8], encrypted: bool) -> Self {
        let message = MessageParser::default().parse(raw).expect("a message with headers");
        let text = message.body_text(0).unwrap_or_default().replace("\r\n", "\n");
        Self {
            from,
            to,
            subject: message.subject().unwrap_or_default().to_owned(),
            text,
            html: message.body_html(0).unwrap_or_default().into_owned(),
            message_id: message.message_id().unwrap_or_default().to_owned(),
            raw: String::from_utf8_lossy(raw).into_owned(),
            encrypted,
        }
    }

    /// A header as it came, still encoded, on one line.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let message = MessageParser::default().parse(self.raw.as_bytes())?;
        let raw = message.headers_raw().find(|header| header.0.eq_ignore_ascii_case(name))?.1;
        Some(raw.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    /// The web addresses in the plain text, in order.
    pub(crate) fn links(&self) -> Vec<String> {
        let words = self.text.split_whitespace();
        words.filter(|word| word.starts_with("http")).map(str::to_owned).collect()
    }
}

/// A point of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Point {
    /// The client connected.
    Connect,
    /// EHLO or HELO.
    Hello,
    /// STARTTLS.
    StartTls,
    /// MAIL.
    Mail,
    /// RCPT.
    Rcpt,
    /// DATA.
    Data,
    /// The first line of the message.
    Content,
    /// The end of the message.
    End,
}

/// What goes wrong there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The server answers this instead.
    Reply(u16, &'static str),
    /// The server says nothing more.
    Stall,
    /// The server hangs up.
    HangUp,
    /// The server keeps the mail, then hangs up without saying so; only at [`Point::End`].
    KeepAndHangUp,
}

/// Where and what, and whether only for one recipient, and whether again and again.
#[derive(Clone, Debug)]
struct Rule {
    at: Point,
    recipient: Option<String>,
    fault: Fault,
    always: bool,
}

/// What the connections share.
struct State {
    rules: Mutex<VecDeque<Rule>>,
    extensions: Vec<&'static str>,
    tls: Option<TlsAcceptor>,
    connections: Mutex<usize>,
    takes: Mutex<Duration>,
    received: watch::Sender<Vec<Received>>,
}

impl State {
    /// The fault that is due at this point, if any.
    fn fault(&self, at: Point, recipient: Option<&str>) -> Option<Fault> {
        let mut rules = self.rules.lock().unwrap();
        let due = |rule: &Rule| {
            rule.at == at && (rule.recipient.is_none() || rule.recipient.as_deref() == recipient)
        };
        let index = rules.iter().position(due)?;
        let fault = rules[index].fault;
        if !rules[index].always {
            rules.remove(index);
        }
        Some(fault)
    }
}

/// The server; it stops when it is dropped.
pub(crate) struct SmtpServer {
    address: SocketAddr,
    state: Arc<State>,
    received: watch::Receiver<Vec<Received>>,
    taken: usize,
    accepting: JoinHandle<()>,
}

impl SmtpServer {
    /// A server that takes everything.
    pub(crate) async fn start() -> Self {
        Self::with_extensions(&["8BITMIME", "SMTPUTF8"]).await
    }

    /// A server that takes everything, over TLS if it is asked to (STARTTLS), with the certificate of
    /// [`smtp_tls`].
    pub(crate) async fn with_tls() -> Self {
        let tls = Some(smtp_tls::acceptor());
        Self::with(&["8BITMIME", "SMTPUTF8"], tls).await
    }

    /// A server with just these extensions.
    pub(crate) async fn with_extensions(extensions: &[&'static str]) -> Self {
        Self::with(extensions, None).await
    }

    async fn with(extensions: &[&'static str], tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, received) = watch::channel(Vec::new());
        let state = Arc::new(State {
            rules: Mutex::default(),
            extensions: extensions.to_vec(),
            tls,
            connections: Mutex::default(),
            takes: Mutex::default(),
            received: sender,
        });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&state)));
        Self { address, state, received, taken: 0, accepting }
    }

    /// What `SMTP_URL` is set to, to send here.
    pub(crate) fn url(&self) -> String {
        self.url_with("none")
    }

    /// The same with another `tls=…`.
    pub(crate) fn url_with(&self, tls: &str) -> String {
        format!("smtp://{}?tls={tls}", self.address)
    }

    /// Closes the port and all connections: whoever connects is refused.
    pub(crate) async fn close(&mut self) {
        self.accepting.abort();
        let _aborted = (&mut self.accepting).await;
    }

    /// Opens the same port again.
    pub(crate) async fn reopen(&mut self) {
        let listener = TcpListener::bind(self.address).await.unwrap();
        self.accepting = tokio::spawn(accept(listener, Arc::clone(&self.state)));
    }

    /// Lets the next exchange that comes to this point fail. Faults at one point happen in the order
    /// in which they were asked for.
    pub(crate) fn fail_once(&self, at: Point, fault: Fault) {
        self.add(Rule { at, recipient: None, fault, always: false });
    }

    /// Lets every exchange fail at this point, until [`heal`](Self::heal).
    pub(crate) fn fail_always(&self, at: Point, fault: Fault) {
        self.add(Rule { at, recipient: None, fault, always: true });
    }

    /// Lets every RCPT of this address fail, until [`heal`](Self::heal).
    pub(crate) fn fail_recipient(&self, address: &str, fault: Fault) {
        let recipient = Some(address.to_owned());
        self.add(Rule { at: Point::Rcpt, recipient, fault, always: true });
    }

    /// Lets every mail take so long from here on.
    pub(crate) fn take(&self, time: Duration) {
        *self.state.takes.lock().unwrap() = time;
    }

    /// Forgets all faults.
    pub(crate) fn heal(&self) {
        self.state.rules.lock().unwrap().clear();
    }

    /// How many connections there have been.
    pub(crate) fn connections(&self) -> usize {
        *self.state.connections.lock().unwrap()
    }

    /// Everything that arrived so far, oldest first.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.borrow().clone()
    }

    /// How much that is.
    pub(crate) fn received_count(&self) -> usize {
        self.received.borrow().len()
    }

    /// Everything that arrived so far, once there are `count` mails.
    pub(crate) async fn wait_for(&mut self, count: usize) -> Vec<Received> {
        let arrived = self.received.wait_for(|mails| mails.len() >= count);
        let arrived = tokio::time::timeout(PATIENCE, arrived).await.is_ok();
        let mails = self.received();
        assert!(arrived, "waited for {count} mails, got {mails:#?}");
        mails
    }

    /// The next mail: each is answered once, oldest first.
    pub(crate) async fn next(&mut self) -> Received {
        let mails = self.wait_for(self.taken + 1).await;
        self.taken += 1;
        mails[self.taken - 1].clone()
    }

    fn add(&self, rule: Rule) {
        self.state.rules.lock().unwrap().push_back(rule);
    }
}

impl Drop for SmtpServer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    // Connections end with the task that accepts them.
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        *state.connections.lock().unwrap() += 1;
        let connection = Connection {
            stream: Some(BufReader::new(Box::new(stream))),
            encrypted: false,
            state: Arc::clone(&state),
            from: None,
            to: Vec::new(),
        };
        connections.spawn(connection.serve());
    }
}

struct Connection {
    /// None only while it is being encrypted.
    stream: Option<BufReader<Box<dyn Stream>>>,
    encrypted: bool,
    state: Arc<State>,
    from: Option<String>,
    to: Vec<String>,
}

/// The connection ends: one side hung up.
struct Over;

impl From<std::io::Error> for Over {
    fn from(_: std::io::Error) -> Self {
        Self
    }
}

impl Connection {
    async fn serve(mut self) {
        let _over = self.exchange().await;
    }

    async fn exchange(&mut self) -> Result<(), Over> {
        self.answer(Point::Connect, None, "220 test.example ready").await?;
        loop {
            let line = self.line().await?;
            let line = String::from_utf8_lossy(&line).trim_end().to_owned();
            let (verb, argument) = line.split_once(' ').unwrap_or((&line, ""));
            match verb.to_ascii_uppercase().as_str() {
                "EHLO" => {
                    // All lines but the last are marked as such (RFC 5321 §4.2.1).
                    let mut reply = String::from("250-test.example\r\n");
                    for extension in &self.state.extensions {
                        reply += &format!("250-{extension}\r\n");
                    }
                    if self.state.tls.is_some() && !self.encrypted {
                        reply += "250-STARTTLS\r\n";
                    }
                    reply += "250 HELP";
                    self.answer(Point::Hello, None, &reply).await?;
                }
                "HELO" => {
                    self.answer(Point::Hello, None, "250 test.example").await?;
                }
                "STARTTLS" if self.state.tls.is_some() && !self.encrypted => {
                    if self.answer(Point::StartTls, None, "220 2.0.0 go ahead").await? {
                        self.encrypt().await?;
                    }
                }
                "MAIL" => {
                    if self.answer(Point::Mail, None, "250 2.1.0 sender ok").await? {
                        self.from = Some(address(argument));
                        self.to.clear();
                    }
                }
                "RCPT" if self.from.is_some() => {
                    let recipient = address(argument);
                    if self.answer(Point::Rcpt, Some(&recipient), "250 2.1.5 recipient ok").await? {
                        self.to.push(recipient);
                    }
                }
                "DATA" if !self.to.is_empty() => {
                    if self.answer(Point::Data, None, "354 go ahead").await? {
                        self.message().await?;
                    }
                }
                "RSET" => {
                    self.from = None;
                    self.reply("250 2.0.0 reset").await?;
                }
                "NOOP" => self.reply("250 2.0.0 ok").await?,
                "QUIT" => {
                    self.reply("221 2.0.0 bye").await?;
                    return Ok(());
                }
                "RCPT" | "DATA" => self.reply("503 5.5.1 bad sequence of commands").await?,
                _ => self.reply("500 5.5.2 unknown command").await?,
            }
        }
    }

    /// Reads a message to its end (RFC 5321 §4.5.2: a line's first dot is not the message's), and
    /// keeps it.
    async fn message(&mut self) -> Result<(), Over> {
        let mut raw = Vec::new();
        loop {
            let line = self.line().await?;
            if raw.is_empty()
                && let Some(fault) = self.state.fault(Point::Content, None)
            {
                // There is no answering in the middle of a message.
                self.fail(fault).await?;
                return Err(Over);
            }
            match line.strip_prefix(b".") {
                Some(b"\r\n") => break,
                Some(unstuffed) => raw.extend_from_slice(unstuffed),
                None => raw.extend_from_slice(&line),
            }
        }
        let recipients = std::mem::take(&mut self.to);
        let from = self.from.take().unwrap_or_default();
        let mail = Received::new(from, recipients, &raw, self.encrypted);
        let takes = *self.state.takes.lock().unwrap();
        if !takes.is_zero() {
            tokio::time::sleep(takes).await;
        }
        let fault = self.state.fault(Point::End, None);
        if matches!(fault, None | Some(Fault::KeepAndHangUp)) {
            self.state.received.send_modify(|mails| mails.push(mail));
        }
        match fault {
            None => Ok(self.reply("250 2.0.0 kept").await?),
            Some(fault) => self.fail(fault).await,
        }
    }

    /// Goes on encrypted (RFC 3207).
    async fn encrypt(&mut self) -> Result<(), Over> {
        let acceptor = self.state.tls.clone().ok_or(Over)?;
        let plain = self.stream.take().ok_or(Over)?.into_inner();
        let encrypted = acceptor.accept(plain).await?;
        self.stream = Some(BufReader::new(Box::new(encrypted)));
        self.encrypted = true;
        Ok(())
    }

    /// Gives the good answer, or does what goes wrong here; whether it was the good answer.
    async fn answer(&mut self, at: Point, to: Option<&str>, good: &str) -> Result<bool, Over> {
        match self.state.fault(at, to) {
            None => {
                self.reply(good).await?;
                Ok(true)
            }
            Some(fault) => {
                self.fail(fault).await?;
                Ok(false)
            }
        }
    }

    async fn fail(&mut self, fault: Fault) -> Result<(), Over> {
        match fault {
            Fault::Reply(code, text) => {
                self.reply(&format!("{code} {text}")).await?;
                // Whoever is told 421 is hung up on (RFC 5321 §3.8).
                if code == 421 { Err(Over) } else { Ok(()) }
            }
            Fault::Stall => std::future::pending().await,
            Fault::HangUp | Fault::KeepAndHangUp => Err(Over),
        }
    }

    async fn reply(&mut self, reply: &str) -> Result<(), Over> {
        let stream = self.stream.as_mut().ok_or(Over)?;
        stream.write_all(format!("{reply}\r\n").as_bytes()).await?;
        Ok(stream.flush().await?)
    }

    async fn line(&mut self) -> Result<Vec<u8>, Over> {
        let mut line = Vec::new();
        match self.stream.as_mut().ok_or(Over)?.read_until(b'\n', &mut line).await? {
            0 => Err(Over),
            _ => Ok(line),
        }
    }
}

/// The address of `FROM:<ann@corp.example> BODY=8BITMIME`.
fn address(argument: &str) -> String {
    let address = argument.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    address.map_or_else(|| argument.to_owned(), |(address, _)| address.to_owned())
}
