//! An S3 server of others, moto's, on the loopback.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::python;
use crate::tickermill::repository;

/// The one bucket.
pub const BUCKET: &str = "bucket";

/// What every request has to say; the server looks at the form alone.
const AUTHORIZATION: &str = "AWS4-HMAC-SHA256 Credential=test/20200101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0";

/// A running server with an empty bucket, ended when dropped.
pub struct S3Server {
    process: Child,
    address: SocketAddr,
}

impl S3Server {
    /// Starts a server; `None`, said loudly, where no python is named that has moto.
    pub fn start(test: &str) -> Option<Self> {
        Self::start_with(test, &[])
    }

    /// As [`S3Server::start`], of a server that writes objects whatever the conditions of a request say.
    pub fn start_without_conditions(test: &str) -> Option<Self> {
        Self::start_with(test, &["--ignore-conditions"])
    }

    fn start_with(test: &str, arguments: &[&str]) -> Option<Self> {
        let mut python = python::command_with(test, "moto.server")?;
        let mut process = python
            .arg(repository().join("tests/python/s3_server.py"))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the python can be started");
        let mut port = String::new();
        let stdout = process.stdout.take().expect("it is piped");
        BufReader::new(stdout)
            .read_line(&mut port)
            .expect("the server tells its port");
        let port: u16 = port.trim().parse().expect("the server tells its port");
        let server = Self {
            process,
            address: SocketAddr::from(([127, 0, 0, 1], port)),
        };
        let (status, _) = server.request("PUT", &format!("/{BUCKET}"), &[]);
        assert_eq!(status, 200, "a bucket can be made");
        Some(server)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// An object's bytes; `None` where it is not there.
    pub fn get(&self, key: &str) -> Option<Vec<u8>> {
        match self.request("GET", &format!("/{BUCKET}/{}", encoded(key)), &[]) {
            (200, bytes) => Some(bytes),
            (404, _) => None,
            (status, _) => panic!("{key}: status {status}"),
        }
    }

    /// Writes an object.
    pub fn put(&self, key: &str, bytes: &[u8]) {
        let (status, _) = self.request("PUT", &format!("/{BUCKET}/{}", encoded(key)), bytes);
        assert_eq!(status, 200, "{key} can be written");
    }

    /// Removes an object.
    pub fn remove(&self, key: &str) {
        let (status, _) = self.request("DELETE", &format!("/{BUCKET}/{}", encoded(key)), &[]);
        assert_eq!(status, 204, "{key} can be removed");
    }

    /// Writes every file below a folder, as objects below a prefix.
    pub fn put_folder(&self, folder: &Path, prefix: &str) {
        for entry in std::fs::read_dir(folder).expect("the folder can be listed") {
            let path = entry.expect("the folder can be listed").path();
            let name = path.file_name().expect("it was listed").to_string_lossy();
            let key = format!("{prefix}/{name}");
            if path.is_dir() {
                self.put_folder(&path, &key);
            } else {
                self.put(&key, &std::fs::read(&path).expect("the file can be read"));
            }
        }
    }

    /// The keys below a prefix, in order; fewer than a thousand.
    pub fn keys(&self, prefix: &str) -> Vec<String> {
        let target = format!("/{BUCKET}?list-type=2&prefix={}", encoded(prefix));
        let (status, listing) = self.request("GET", &target, &[]);
        assert_eq!(status, 200, "the bucket can be listed");
        let listing = String::from_utf8(listing).expect("listings are texts");
        assert!(
            listing.contains("<IsTruncated>false</IsTruncated>"),
            "more than a thousand keys"
        );
        let keys = listing.split("<Key>").skip(1);
        keys.map(|rest| rest.split("</Key>").next().expect("keys end").to_owned())
            .collect()
    }

    fn request(&self, method: &str, target: &str, body: &[u8]) -> (u16, Vec<u8>) {
        let mut stream = TcpStream::connect(self.address).expect("the server listens");
        let head = format!(
            "{method} {target} HTTP/1.1\r\nHost: {}\r\nAuthorization: {AUTHORIZATION}\r\n\
             Content-Type: application/octet-stream\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            self.address,
            body.len()
        );
        let mut reply = Vec::new();
        stream
            .write_all(head.as_bytes())
            .and_then(|()| stream.write_all(body))
            .and_then(|()| stream.read_to_end(&mut reply))
            .expect("the server answers");
        let end = crate::fault_proxy::end_of_head(&reply).expect("an answer has a head");
        let status = crate::fault_proxy::status(&reply).expect("an answer has a status");
        (status, reply.split_off(end))
    }
}

impl Drop for S3Server {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to do.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A key as a URL has it.
fn encoded(key: &str) -> String {
    let mut encoded = String::new();
    for byte in key.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").expect("writing to a string does not fail");
        }
    }
    encoded
}

/// Tells a command where the server is that it uses, through what listens at `address`.
pub fn use_server(command: &mut Command, address: SocketAddr) {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("AWS_") {
            command.env_remove(name);
        }
    }
    command
        .env("AWS_ENDPOINT", format!("http://{address}"))
        .env("AWS_ALLOW_HTTP", "true")
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "a secret that is never told")
        .env("AWS_REGION", "us-east-1")
        .env("NO_PROXY", "127.0.0.1");
}
