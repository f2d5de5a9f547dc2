//! The run: clients that call, arenas that come and go, kills and restarts.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use aws_sdk_dynamodb::Client;
use rand::RngExt;
use tokio::{task::JoinSet, time::sleep};

use crate::{
    api::Api,
    arena::{Arena, USERS},
    args::Args,
    calls::Caller,
    stage::Stage,
    tally::Tally,
    users::{User, made_up_account},
};

/// Arenas that are called at once.
const ACTIVE: usize = 5;
/// Calls in one arena, after which another one takes its place: the longer a history, the longer its check.
const CALLS_PER_ARENA: u64 = 320;
/// Users of all arenas.
const POOL: usize = 16;
/// Users whose associations nobody touches.
const STILL: usize = 9;
/// How long the mailer has for what waits when the calls are over.
const MAIL_TIME: Duration = Duration::from_secs(6);

/// What a run has come to.
pub(crate) struct Run {
    pub(crate) stage: Stage,
    pub(crate) api: Api,
    pub(crate) arenas: Vec<Arc<Arena>>,
    pub(crate) kills: u64,
    /// When the last call ended, in nanoseconds since the run began. What is read afterwards meets no faults.
    pub(crate) quiet_since: u64,
    pub(crate) engine: Client,
}

struct World {
    args: Args,
    stage: Stage,
    api: Api,
    users: Vec<User>,
    /// Accounts whose associations nobody touches.
    still: Vec<String>,
    active: Mutex<Vec<Arc<Arena>>>,
    all: Mutex<Vec<Arc<Arena>>>,
    calls: AtomicU64,
    kills: AtomicU64,
}

/// Makes the calls, waits until all is quiet, and reads once more what the checkers ask for.
pub(crate) async fn run(args: &Args) -> Run {
    let stage = Stage::start(args).await;
    let tally = Arc::new(Tally::default());
    let api = Api::at(stage.url.clone(), tally);
    let mut users = Vec::new();
    for _ in 0..POOL {
        users.push(User::sign_up(&api).await);
    }
    let engine = engine_of(&stage).await;
    let mut still = Vec::new();
    for _ in 0..STILL {
        still.push(made_up_account(&engine).await);
    }
    let world = World {
        args: args.clone(),
        stage,
        api,
        users,
        still,
        active: Mutex::default(),
        all: Mutex::default(),
        calls: AtomicU64::new(0),
        kills: AtomicU64::new(0),
    };
    let world = Arc::new(world);
    for _ in 0..ACTIVE {
        let arena = world.set_up_arena().await;
        world.active.lock().unwrap().push(arena);
    }
    world.stage.faults.plan().enable(true);
    let mut clients = JoinSet::new();
    for client in 0..args.clients {
        clients.spawn(world.clone().call(client));
    }
    while let Some(ended) = clients.join_next().await {
        ended.unwrap();
    }
    world.stage.faults.plan().enable(false);
    world.stage.faults.settled().await;
    let quiet_since = world.api.now();
    sleep(MAIL_TIME).await;
    let arenas = world.all.lock().unwrap().clone();
    let mut random = Stage::random_of(args.seed, u64::MAX);
    for arena in &arenas {
        let (api, mails, client) = (&world.api, &world.stage.mails, args.clients);
        Caller { api, arena, mails, client, random: &mut random }.read_all().await;
    }
    world.stage.faults.settled().await;
    let engine = engine_of(&world.stage).await;
    let world = Arc::into_inner(world).unwrap();
    let kills = world.kills.load(Ordering::SeqCst);
    Run { stage: world.stage, api: world.api, arenas, kills, quiet_since, engine }
}

/// A client of the engine itself, without faults.
async fn engine_of(stage: &Stage) -> Client {
    let endpoint = stage.engine_url().await;
    Client::from_conf(shared::dynamo::Table::client_config(Some(&endpoint)).build())
}

impl World {
    async fn set_up_arena(&self) -> Arc<Arena> {
        let number = u64::try_from(self.all.lock().unwrap().len()).unwrap();
        let first = usize::try_from(number).unwrap() * 3;
        let users: Vec<_> = (0..USERS).map(|user| self.users[(first + user) % POOL].clone()).collect();
        let arena = Arc::new(Arena::set_up(&self.api, number, &users, &self.still).await);
        self.all.lock().unwrap().push(arena.clone());
        arena
    }

    /// One client's calls.
    async fn call(self: Arc<Self>, client: usize) {
        let mut random = Stage::random_of(self.args.seed, u64::try_from(client).unwrap());
        loop {
            let call = self.calls.fetch_add(1, Ordering::SeqCst);
            if call >= self.args.calls {
                return;
            }
            if self.args.one_kill_in > 0 && call % self.args.one_kill_in == self.args.one_kill_in - 1 {
                self.kills.fetch_add(self.stage.kill_one(&mut random).into(), Ordering::SeqCst);
            }
            if self.args.restarts > 0 && (call + 1).is_multiple_of(self.args.calls / (self.args.restarts + 1)) {
                self.stage.restart().await;
            }
            let arena = {
                let active = self.active.lock().unwrap();
                active[random.random_range(0..active.len())].clone()
            };
            let (api, mails) = (&self.api, &self.stage.mails);
            Caller { api, arena: &arena, mails, client, random: &mut random }.call().await;
            if arena.calls.fetch_add(1, Ordering::SeqCst) + 1 == CALLS_PER_ARENA {
                let next = self.set_up_arena().await;
                let mut active = self.active.lock().unwrap();
                active.retain(|other| other.number != arena.number);
                active.push(next);
            }
        }
    }
}
