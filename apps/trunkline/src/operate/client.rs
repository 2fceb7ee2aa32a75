//! Who asks the admin API: a connection for each question, over TCP or a Unix socket.

use std::future::Future;
use std::pin::{Pin, pin};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::{self, HeaderValue};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;
use trunkline_config::AdminAddress;

use super::following::Following;
use super::trouble::Trouble;

/// How long a server may take until a connection is there, and then until its answer begins.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long a whole answer may take.
const ANSWER: Duration = Duration::from_secs(60);

/// The longest answer, in MiB: the tree of some hundred thousand connections.
const LONGEST: usize = 128;

/// The longest explanation of a refusal.
const LONGEST_REFUSAL: usize = 64 * 1024;

/// Where to ask, and with which token.
pub(super) struct Client {
    address: AdminAddress,
    /// The field `Authorization`.
    token: Option<HeaderValue>,
}

/// The connection's own work, which has to be polled beside whatever waits for it; also once it is
/// over.
pub(super) type Connection = Pin<Box<dyn Future<Output = hyper::Result<()>>>>;

/// TCP or Unix.
trait Wire: AsyncRead + AsyncWrite + Unpin {}

impl<T: AsyncRead + AsyncWrite + Unpin> Wire for T {}

impl Client {
    /// Asks at `address`, with this token.
    ///
    /// # Errors
    /// A token that no field can hold.
    pub(super) fn new(address: AdminAddress, token: Option<&str>) -> Result<Self, Trouble> {
        let field = |token: &str| {
            let mut field = HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| {
                Trouble::Mistaken(
                    "the token has characters that none can have: copy it from the server's \
                     admin.token_file"
                        .to_owned(),
                )
            })?;
            field.set_sensitive(true);
            Ok::<_, Trouble>(field)
        };
        Ok(Self { address, token: token.map(field).transpose()? })
    }

    pub(super) fn address(&self) -> &AdminAddress {
        &self.address
    }

    /// What is answered to a question.
    ///
    /// # Errors
    /// Where there is no answer, or another than was asked for.
    pub(super) async fn get(&self, target: &str) -> Result<Bytes, Trouble> {
        self.ask(self.request(Method::GET, target, Bytes::new())?).await
    }

    /// The same, understood.
    ///
    /// # Errors
    /// As [`Self::get`], and where it is not what a server of this version says.
    pub(super) async fn read<T: DeserializeOwned>(&self, target: &str) -> Result<T, Trouble> {
        self.understand(&self.get(target).await?)
    }

    /// What an answer says.
    ///
    /// # Errors
    /// Where it is not what a server of this version says.
    pub(super) fn understand<T: DeserializeOwned>(&self, answer: &[u8]) -> Result<T, Trouble> {
        serde_json::from_slice(answer).map_err(|error| self.nonsense(&error))
    }

    /// Gives an order.
    ///
    /// # Errors
    /// Where it is not accepted.
    pub(super) async fn order(
        &self,
        target: &str,
        order: &serde_json::Value,
    ) -> Result<(), Trouble> {
        self.ask(self.request(Method::POST, target, order.to_string().into())?).await.map(drop)
    }

    /// What happens in the tree from now on.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub(super) async fn follow(&self) -> Result<Following, Trouble> {
        let (response, connection) =
            self.send(self.request(Method::GET, "/events", Bytes::new())?).await?;
        if response.status().is_success() {
            return Ok(Following::new(response.into_body(), connection, self.address.clone()));
        }
        Err(self.refusal(response, connection).await)
    }

    fn request(
        &self,
        method: Method,
        target: &str,
        body: Bytes,
    ) -> Result<Request<Full<Bytes>>, Trouble> {
        let host = match &self.address {
            AdminAddress::Tcp(address) => address.to_string(),
            AdminAddress::Unix(_) => "localhost".to_owned(),
        };
        let mut request = Request::builder().uri(target).header(header::HOST, host);
        if method == Method::POST {
            // What the API wants of an order, so that no page of a browser can give one.
            request =
                request.header("x-trunkline", "1").header(header::CONTENT_TYPE, "application/json");
        }
        if let Some(token) = &self.token {
            request = request.header(header::AUTHORIZATION, token);
        }
        let request = request.method(method).body(Full::new(body));
        request.map_err(|_| Trouble::Mistaken(format!("{target:?} cannot be asked for")))
    }

    async fn ask(&self, request: Request<Full<Bytes>>) -> Result<Bytes, Trouble> {
        let (response, connection) = self.send(request).await?;
        if !response.status().is_success() {
            return Err(self.refusal(response, connection).await);
        }
        self.body(response.into_body(), connection, LONGEST << 20).await
    }

    /// Sends the request, and waits until the answer begins.
    async fn send(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<(Response<Incoming>, Connection), Trouble> {
        let wire = self.within(PATIENCE, self.connect()).await?;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(wire)).await.map_err(|error| self.failed(&error))?;
        let mut connection: Connection = Box::pin(connection.fuse());
        let response = self
            .within(PATIENCE, async {
                let answer = beside(&mut connection, sender.send_request(request)).await;
                answer.map_err(|error| self.failed(&error))
            })
            .await?;
        Ok((response, connection))
    }

    async fn connect(&self) -> Result<Box<dyn Wire>, Trouble> {
        let connected: std::io::Result<Box<dyn Wire>> = match &self.address {
            AdminAddress::Tcp(address) => {
                TcpStream::connect(address).await.map(|stream| Box::new(stream) as _)
            }
            AdminAddress::Unix(path) => {
                UnixStream::connect(path).await.map(|stream| Box::new(stream) as _)
            }
        };
        let address = &self.address;
        connected.map_err(|error| Trouble::NoServer { address: address.clone(), error })
    }

    async fn body(
        &self,
        body: Incoming,
        mut connection: Connection,
        most: usize,
    ) -> Result<Bytes, Trouble> {
        let collected = self
            .within(ANSWER, async {
                Ok(beside(&mut connection, Limited::new(body, most).collect()).await)
            })
            .await?;
        match collected {
            Ok(body) => Ok(body.to_bytes()),
            Err(error) if error.is::<LengthLimitError>() => Err(Trouble::TooLong(most >> 20)),
            Err(_) => Err(Trouble::Lost(self.address.clone())),
        }
    }

    async fn refusal(&self, response: Response<Incoming>, connection: Connection) -> Trouble {
        let status = response.status();
        match self.body(response.into_body(), connection, LONGEST_REFUSAL).await {
            Ok(body) => Trouble::refused(&self.address, status, self.token.is_some(), &body),
            Err(Trouble::TooLong(_)) => {
                Trouble::refused(&self.address, status, self.token.is_some(), b"")
            }
            Err(trouble) => trouble,
        }
    }

    async fn within<T>(
        &self,
        limit: Duration,
        work: impl Future<Output = Result<T, Trouble>>,
    ) -> Result<T, Trouble> {
        let late = |_| Err(Trouble::Late { address: self.address.clone(), limit });
        timeout(limit, work).await.unwrap_or_else(late)
    }

    /// What a failure of the exchange means.
    fn failed(&self, error: &hyper::Error) -> Trouble {
        if error.is_parse() {
            return self.nonsense(error);
        }
        Trouble::Lost(self.address.clone())
    }

    fn nonsense(&self, error: &dyn std::error::Error) -> Trouble {
        Trouble::Nonsense(self.address.clone(), error.to_string())
    }
}

/// Waits for `work`, which the connection brings about. How the connection itself ends is no
/// matter: the work knows what it has missed.
async fn beside<T>(connection: &mut Connection, work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    tokio::select! {
        done = &mut work => return done,
        _ = connection => {}
    }
    work.await
}
