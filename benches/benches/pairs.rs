//! The pairs behind `ratios` as criterion groups: `cargo bench -p fcp-benches [-- GROUP]`.

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use fcp_benches::areas::{caps, core, symbols};
use fcp_benches::measure::Pair;

fn group(criterion: &mut Criterion, name: &str, pairs: Vec<Pair>) {
    let mut group = criterion.benchmark_group(name);
    let mut measured = None;
    for Pair { name, mut ours, peer_name, mut peer, .. } in pairs {
        // Where one thing is compared with several peers, its pairs follow each other.
        if measured.replace(name) != Some(name) {
            group.bench_function(BenchmarkId::new(name, "ours"), |bencher| bencher.iter(&mut ours));
        }
        group.bench_function(BenchmarkId::new(name, peer_name), |bencher| bencher.iter(&mut peer));
    }
    group.finish();
}

fn groups(criterion: &mut Criterion) {
    group(criterion, "encode", core::encode());
    group(criterion, "decode", core::decode());
    group(criterion, "object id", core::object_ids());
    group(criterion, "token", caps::tokens());
    group(criterion, "datagram", symbols::datagrams());
    group(criterion, "chunks", symbols::chunked_encode());
    group(criterion, "gossip", symbols::gossip());
}

criterion_group!(benches, groups);
criterion_main!(benches);
