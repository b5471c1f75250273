//! A client of HTTP that tries nothing again: a connection that breaks is an error, and a test sees it.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};

/// The longest head of an answer, in headers.
const MOST_HEADERS: usize = 64;

/// A connection that is kept from request to request, for as long as the server lets it.
#[derive(Debug)]
pub struct Http {
    address: SocketAddr,
    connection: Option<TcpStream>,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// A header's value; `None` where it is not there.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        Some(&found.1)
    }

    /// The body as text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("the body is text")
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl Http {
    /// A client that connects with its first request.
    pub fn of(address: SocketAddr) -> Self {
        Self {
            address,
            connection: None,
        }
    }

    /// `GET path`.
    #[track_caller]
    pub fn get(&mut self, path: &str) -> Answer {
        let answer = self.request("GET", path, &[], b"");
        answer.unwrap_or_else(|error| panic!("GET {path}: {error}"))
    }

    /// `POST path` of a JSON body.
    #[track_caller]
    pub fn post(&mut self, path: &str, body: impl AsRef<[u8]>) -> Answer {
        let headers = [("Content-Type", "application/json")];
        let answer = self.request("POST", path, &headers, body.as_ref());
        answer.unwrap_or_else(|error| panic!("POST {path}: {error}"))
    }

    /// A request over the connection that is there, or a new one.
    pub fn request(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> io::Result<Answer> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => TcpStream::connect(self.address)?,
        };
        connection.set_nodelay(true)?;
        let mut request = Vec::new();
        let host = self.address;
        write!(request, "{method} {path} HTTP/1.1\r\nHost: {host}\r\n")?;
        for (name, value) in headers {
            write!(request, "{name}: {value}\r\n")?;
        }
        if !body.is_empty() || method == "POST" {
            write!(request, "Content-Length: {}\r\n", body.len())?;
        }
        request.extend_from_slice(b"\r\n");
        request.extend_from_slice(body);
        connection.write_all(&request)?;
        let answer = read_answer(&mut connection, method)?;
        let closes = answer
            .header("connection")
            .is_some_and(|value| value.eq_ignore_ascii_case("close"));
        if !closes {
            self.connection = Some(connection);
        }
        Ok(answer)
    }
}

/// Reads an answer whose body has a length.
pub fn read_answer(connection: &mut impl Read, method: &str) -> io::Result<Answer> {
    let mut bytes = Vec::new();
    let (status, headers, head) = loop {
        if let Some(head) = parse_head(&bytes)? {
            break head;
        }
        read_more(connection, &mut bytes)?;
    };
    let mut answer = Answer {
        status,
        headers,
        body: Vec::new(),
    };
    let length = match answer.header("content-length") {
        Some(_) if method == "HEAD" => 0,
        Some(length) => length.parse().map_err(io::Error::other)?,
        None => 0,
    };
    while bytes.len() < head + length {
        read_more(connection, &mut bytes)?;
    }
    answer.body = bytes[head..head + length].to_vec();
    Ok(answer)
}

fn read_more(connection: &mut impl Read, bytes: &mut Vec<u8>) -> io::Result<()> {
    let mut part = [0; 16 * 1024];
    match connection.read(&mut part)? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        read => {
            bytes.extend_from_slice(&part[..read]);
            Ok(())
        }
    }
}

type Head = (u16, Vec<(String, String)>, usize);

fn parse_head(bytes: &[u8]) -> io::Result<Option<Head>> {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    let parsed = response.parse(bytes).map_err(io::Error::other)?;
    let httparse::Status::Complete(head) = parsed else {
        return Ok(None);
    };
    let text = |header: &httparse::Header<'_>| {
        let value = String::from_utf8_lossy(header.value).into_owned();
        (header.name.to_owned(), value)
    };
    let headers = response.headers.iter().map(text).collect();
    Ok(Some((
        response.code.expect("it is complete"),
        headers,
        head,
    )))
}
