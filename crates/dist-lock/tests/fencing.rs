//! Random schedules against a model: who may hold, and whose write is let through.

use dist_lock::{Attempt, Claim, FenceGate, FencingToken, LeaseStore, MemoryLeases, OwnerToken};
use proptest::prelude::*;
use std::time::Duration;

const TTL: Duration = Duration::from_millis(100);

/// A step of one of the clients. None of them ever notices that it lost its lease: that is the point.
#[derive(Clone, Copy, Debug)]
enum Step {
    Acquire(usize),
    Renew(usize),
    Release(usize),
    Write(usize),
    /// The store restarts; leases are gone, fences are kept (as SQL stores and Redis promise).
    ForgetLeases,
    Pass(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let client = 0..4_usize;
    prop_oneof![
        4 => client.clone().prop_map(Step::Acquire),
        2 => client.clone().prop_map(Step::Renew),
        2 => client.clone().prop_map(Step::Release),
        5 => client.prop_map(Step::Write),
        1 => Just(Step::ForgetLeases),
        3 => (0..150_u64).prop_map(Step::Pass),
    ]
}

/// What a client believes it holds.
#[derive(Clone, Copy, Debug)]
struct Belief {
    owner: OwnerToken,
    fence: FencingToken,
}

/// The store in its simplest form: at most one live owner, and when its lease ends.
#[derive(Debug, Default)]
struct Model {
    live: Option<(OwnerToken, u64)>,
    now: u64,
    highest_granted: u64,
}

impl Model {
    fn owner(&self) -> Option<OwnerToken> {
        self.live.filter(|(_, until)| *until > self.now).map(|(owner, _)| owner)
    }

    fn holds(&self, owner: OwnerToken) -> bool {
        self.owner() == Some(owner)
    }

    fn extend(&mut self, owner: OwnerToken) {
        self.live = Some((owner, self.now + 100));
    }
}

struct World {
    store: MemoryLeases,
    model: Model,
    clients: [Option<Belief>; 4],
    gate: FenceGate,
    written: Vec<FencingToken>,
}

impl World {
    fn new() -> Self {
        let gate = FenceGate::new("roster");
        let model = Model::default();
        Self { store: MemoryLeases::new(), model, clients: [None; 4], gate, written: Vec::new() }
    }

    async fn apply(&mut self, step: Step) {
        match step {
            Step::Acquire(client) => self.acquire(client).await,
            Step::Renew(client) => self.renew(client).await,
            Step::Release(client) => self.release(client).await,
            Step::Write(client) => self.write(client),
            Step::ForgetLeases => self.forget().await,
            Step::Pass(millis) => {
                tokio::time::advance(Duration::from_millis(millis)).await;
                self.model.now += millis;
            }
        }
    }

    async fn acquire(&mut self, client: usize) {
        let owner = OwnerToken::random();
        let answer =
            self.store.try_acquire(&Claim::new("roster", owner, TTL)).await.expect("never fails");
        let free = self.model.owner().is_none();
        match answer {
            Attempt::Granted(fence) => {
                assert!(free, "granted while {:?} holds it", self.model.live);
                assert!(fence.get() > self.model.highest_granted, "the fence did not grow");
                self.model.highest_granted = fence.get();
                self.model.extend(owner);
                self.clients[client] = Some(Belief { owner, fence });
            }
            other => assert!(!free, "refused though free: {other:?}"),
        }
    }

    async fn renew(&mut self, client: usize) {
        let Some(belief) = self.clients[client] else { return };
        let claim = Claim::new("roster", belief.owner, TTL);
        let renewed = self.store.renew(&claim).await.expect("never fails");
        assert_eq!(renewed, self.model.holds(belief.owner));
        if renewed {
            self.model.extend(belief.owner);
        }
    }

    async fn release(&mut self, client: usize) {
        let Some(belief) = self.clients[client] else { return };
        let released = self.store.release("roster", belief.owner).await.expect("never fails");
        assert_eq!(released, self.model.holds(belief.owner));
        if released {
            self.model.live = None;
        }
    }

    async fn forget(&mut self) {
        if let Some(owner) = self.model.owner() {
            self.store.release("roster", owner).await.expect("never fails");
            self.model.live = None;
        }
    }

    fn write(&mut self, client: usize) {
        let Some(belief) = self.clients[client] else { return };
        if self.gate.admit(belief.fence).is_ok() {
            self.written.push(belief.fence);
        }
        let stale = self.written.iter().any(|fence| *fence > belief.fence);
        let admitted = self.written.last() == Some(&belief.fence);
        assert_eq!(admitted, !stale, "exactly the stale writes are refused");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// The store agrees with its model at each step, and no write of a lost holder follows one of a
    /// later holder, whoever paused, expired or forgot in between.
    #[test]
    fn no_stale_write_is_accepted(steps in prop::collection::vec(step(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        let written = runtime.block_on(async {
            let mut world = World::new();
            for step in steps {
                world.apply(step).await;
            }
            world.written
        });
        prop_assert!(written.is_sorted(), "writes went back: {written:?}");
    }
}
