//! Logging in: startup, SCRAM (or an older method that the server asks for), and what the server says about itself.

use std::io;

use postgres_protocol::authentication::{md5_hash, sasl};
use postgres_protocol::message::backend::{AuthenticationSaslBody, Message};
use postgres_protocol::message::frontend;

use super::{Address, Frame, Wire};
use crate::error::Result;
use crate::store::fault::{self, refused, unreachable};

/// What a server says when a login succeeded.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Greeting {
    /// The process that serves this connection, and the word that lets it be cancelled.
    pub(crate) process: i32,
    pub(crate) secret: i32,
    /// 150004 for 15.4.
    pub(crate) version: u32,
}

/// Opens a connection and logs in.
pub(crate) async fn greet(address: &Address) -> Result<(Wire, Greeting)> {
    let mut wire = address.dial().await.map_err(unreachable)?;
    start(&mut wire, address).map_err(unreachable)?;
    wire.flush().await.map_err(unreachable)?;
    authenticate(&mut wire, address).await?;
    let greeting = read_greeting(&mut wire).await?;
    Ok((wire, greeting))
}

fn start(wire: &mut Wire, address: &Address) -> io::Result<()> {
    let fixed = [
        ("user", address.user()),
        ("database", address.database()),
        ("client_encoding", "UTF8"),
        ("application_name", "basalt"),
    ];
    let own = address.settings.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    frontend::startup_message(fixed.into_iter().chain(own), &mut wire.outbox)
}

async fn authenticate(wire: &mut Wire, address: &Address) -> Result<()> {
    loop {
        match next(wire).await? {
            Message::AuthenticationOk => return Ok(()),
            Message::AuthenticationCleartextPassword => answer(wire, password(address)?).await?,
            Message::AuthenticationMd5Password(body) => {
                let hash = md5_hash(address.user().as_bytes(), password(address)?, body.salt());
                answer(wire, hash.as_bytes()).await?;
            }
            Message::AuthenticationSasl(body) => scram(wire, &body, password(address)?).await?,
            _ => return Err(refused("the server asks for a way to log in that is not supported")),
        }
    }
}

fn password(address: &Address) -> Result<&[u8]> {
    address.password().ok_or_else(|| refused("the server asks for a password and the connection string has none"))
}

async fn answer(wire: &mut Wire, password: &[u8]) -> Result<()> {
    frontend::password_message(password, &mut wire.outbox).map_err(unreachable)?;
    wire.flush().await.map_err(unreachable)
}

/// Without channel binding: where TLS is required the certificate is verified, which binds more.
async fn scram(wire: &mut Wire, offered: &AuthenticationSaslBody, password: &[u8]) -> Result<()> {
    use fallible_iterator::FallibleIterator as _;
    let mut mechanisms = offered.mechanisms();
    if !mechanisms.any(|name| Ok(name == sasl::SCRAM_SHA_256)).map_err(unreachable)? {
        return Err(refused("the server offers no SCRAM-SHA-256"));
    }
    let mut scram = sasl::ScramSha256::new(password, sasl::ChannelBinding::unsupported());
    frontend::sasl_initial_response(sasl::SCRAM_SHA_256, scram.message(), &mut wire.outbox).map_err(unreachable)?;
    wire.flush().await.map_err(unreachable)?;
    let Message::AuthenticationSaslContinue(body) = next(wire).await? else { return Err(out_of_turn()) };
    scram.update(body.data()).map_err(unreachable)?;
    frontend::sasl_response(scram.message(), &mut wire.outbox).map_err(unreachable)?;
    wire.flush().await.map_err(unreachable)?;
    let Message::AuthenticationSaslFinal(body) = next(wire).await? else { return Err(out_of_turn()) };
    scram.finish(body.data()).map_err(unreachable)
}

async fn read_greeting(wire: &mut Wire) -> Result<Greeting> {
    let mut greeting = Greeting::default();
    loop {
        match next(wire).await? {
            Message::BackendKeyData(body) => {
                (greeting.process, greeting.secret) = (body.process_id(), body.secret_key());
            }
            Message::ParameterStatus(body) if body.name().ok() == Some("server_version") => {
                greeting.version = version(body.value().unwrap_or_default());
            }
            Message::ReadyForQuery(_) => return Ok(greeting),
            Message::ParameterStatus(_) | Message::NoticeResponse(_) => {}
            _ => return Err(out_of_turn()),
        }
    }
}

async fn next(wire: &mut Wire) -> Result<Message> {
    match wire.receive(0).await.map_err(unreachable)? {
        Frame::Message(Message::ErrorResponse(body)) => Err(fault::of_login(&body)),
        Frame::Message(message) => Ok(message),
        Frame::Row(_) | Frame::Huge(_) => Err(out_of_turn()),
    }
}

fn out_of_turn() -> crate::error::Error {
    refused("the server answered out of turn; is it a Postgres?")
}

/// `15.4 (Debian …)`, `17beta2`, `16.1` → 150004, 170000, 160001.
fn version(text: &str) -> u32 {
    let mut numbers = text.split(|c: char| !c.is_ascii_digit()).map(|digits| digits.parse().unwrap_or(0));
    let major: u32 = numbers.next().unwrap_or(0);
    let minor = if text.contains("beta") || text.contains("rc") { 0 } else { numbers.next().unwrap_or(0) };
    major * 10_000 + minor
}

#[cfg(test)]
mod tests {
    use super::version;

    #[test]
    fn versions_are_read_from_every_vendors_spelling() {
        assert_eq!(version("15.4 (Debian 15.4-1.pgdg120+1)"), 150_004);
        assert_eq!(version("17beta2"), 170_000);
        assert_eq!(version("18.0"), 180_000);
        assert_eq!(version(""), 0);
    }
}
