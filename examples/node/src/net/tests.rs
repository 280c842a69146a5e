use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use fcp_core::id::NodeId;
use fcp_core::sign::NodeSigningKey;
use tokio::net::UdpSocket;
use tokio::sync::mpsc;

use super::{Attachment, MAX_HANDSHAKES, Net};
use crate::transport::{BatchSocket, HANDSHAKE_TIMEOUT, KeyDirectory, NodeCertificate, QuicEndpoint};

/// The first four bits of a QUIC v1 packet that tells the client to come back with a token (RFC 9000, §17.2.5).
const RETRY: u8 = 0xf0;

fn endpoint(seed: u8, name: &str, directory: &KeyDirectory) -> QuicEndpoint {
    let certificate =
        NodeCertificate::new(&NodeId::new(name).unwrap(), &NodeSigningKey::from_seed([seed; 32])).unwrap();
    QuicEndpoint::bind("127.0.0.1:0".parse().unwrap(), certificate, directory.clone(), Duration::from_secs(20)).unwrap()
}

/// Passes on everything to `server` and nothing but retries from it: to the server, whoever calls through here sends its
/// first flight, shows that it receives, and then stalls.
async fn stalling_relay(server: SocketAddr) -> (SocketAddr, tokio::task::JoinHandle<()>) {
    let inside = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let outside = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    outside.connect(server).await.unwrap();
    let address = inside.local_addr().unwrap();
    let passing = tokio::spawn(async move {
        let (mut up, mut down) = (vec![0; 65_536], vec![0; 65_536]);
        let mut client = None;
        loop {
            tokio::select! {
                Ok((len, from)) = inside.recv_from(&mut up) => {
                    client = Some(from);
                    let _ = outside.send(&up[..len]).await;
                }
                Ok(len) = outside.recv(&mut down) => {
                    if let Some(client) = client.filter(|_| down[0] & 0xf0 == RETRY) {
                        let _ = inside.send_to(&down[..len], client).await;
                    }
                }
            }
        }
    });
    (address, passing)
}

#[tokio::test]
async fn callers_that_stall_keep_nobody_waiting_for_long() {
    let directory = KeyDirectory::default();
    let nodes = [(1, "alice"), (2, "bob"), (3, "carol")];
    directory.replace(
        nodes.map(|(seed, name)| (NodeSigningKey::from_seed([seed; 32]).public(), NodeId::new(name).unwrap())),
    );
    let [alice, bob, carol] = nodes.map(|(seed, name)| endpoint(seed, name, &directory));
    let (bob_id, address) = (NodeId::new("bob").unwrap(), bob.local_addr().unwrap());
    let (events, _events) = mpsc::channel(64);
    let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let udp = Arc::new(BatchSocket::new(udp).unwrap());
    let (_net, mut attached) = Net::start(udp, bob, events);
    let (relay, passing) = stalling_relay(address).await;

    // One stalls: the next one is served at once.
    let call = |carol: QuicEndpoint, bob: NodeId| tokio::spawn(async move { carol.connect(&bob, relay).await.is_ok() });
    let mut stalled = vec![call(carol.clone(), bob_id.clone())];
    tokio::time::sleep(Duration::from_millis(500)).await;
    let soon = Duration::from_millis(1_500);
    let connection = tokio::time::timeout(soon, alice.connect(&bob_id, address)).await.unwrap().unwrap();
    let Some(Attachment(peer, _)) = tokio::time::timeout(soon, attached.recv()).await.unwrap() else {
        panic!("something else was attached");
    };
    assert_eq!(peer.as_str(), "alice");
    connection.close(0_u8.into(), b"");

    // As many stall as there are places: the next one is sent away, and served once the places are free.
    stalled.extend((1..MAX_HANDSHAKES).map(|_| call(carol.clone(), bob_id.clone())));
    tokio::time::sleep(Duration::from_millis(1_000)).await;
    let refused = tokio::time::timeout(soon, alice.connect(&bob_id, address)).await.unwrap();
    assert!(refused.is_err(), "there is no end to the places");
    passing.abort();
    tokio::time::sleep(HANDSHAKE_TIMEOUT).await;
    tokio::time::timeout(soon, alice.connect(&bob_id, address)).await.unwrap().unwrap();
    for stalled in stalled {
        stalled.abort();
    }
}
