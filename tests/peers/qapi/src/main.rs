//! The crate `qapi`, unchanged, as a client of Qomet's server: connects, negotiates, adds, gets, sets, is refused, hears
//! of the end. Run by `tests/peers/run`, with the program in `QOMET_PROGRAM`.

use std::error::Error;
use std::io::BufReader;
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use qapi::{Any, ExecuteError, Qmp, Stream, qmp};

/// The server does not outlive the client.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let program = std::env::var_os("QOMET_PROGRAM").ok_or("QOMET_PROGRAM is not set")?;
    let path = std::env::temp_dir().join(format!("qomet-qapi-{}.sock", std::process::id()));
    let mut command = Command::new(program);
    command.arg("run").arg("--qmp").arg(format!("unix:{}", path.display()));
    let mut server = Server(command.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?);
    let begin = Instant::now();
    let socket = loop {
        match UnixStream::connect(&path) {
            Ok(socket) => break socket,
            Err(error) if begin.elapsed() > Duration::from_secs(20) => return Err(error.into()),
            Err(_) => std::thread::sleep(Duration::from_millis(5)),
        }
    };
    socket.set_read_timeout(Some(Duration::from_secs(20)))?;
    let mut client = Qmp::new(Stream::new(BufReader::new(socket.try_clone()?), socket));

    let greeting = client.handshake()?;
    assert_eq!(
        (greeting.version.qemu.major, greeting.version.qemu.minor, greeting.version.qemu.micro),
        (10, 0, 2)
    );

    client.execute(&qmp::object_add(qmp::ObjectOptions::memory_backend_ram {
        id: "m0".into(),
        memory_backend_ram: qmp::MemoryBackendProperties {
            dump: None,
            host_nodes: None,
            merge: None,
            policy: None,
            prealloc: None,
            prealloc_context: None,
            prealloc_threads: None,
            reserve: None,
            share: None,
            x_use_canonical_path_for_ramblock_id: None,
            size: 1 << 20,
        },
    }))?;
    let size = client.execute(&qmp::qom_get { path: "/objects/m0".into(), property: "size".into() })?;
    assert_eq!(size, Any::from(1_048_576));
    client.execute(&qmp::qom_set {
        path: "/objects/m0".into(),
        property: "merge".into(),
        value: Any::from(false),
    })?;
    let merge = client.execute(&qmp::qom_get { path: "/objects/m0".into(), property: "merge".into() })?;
    assert_eq!(merge, Any::from(false));
    let listed = client.execute(&qmp::qom_list { path: "/objects".into() })?;
    assert!(
        listed.iter().any(|property| property.name == "m0" && property.type_ == "child<memory-backend-ram>")
    );
    let held = client.execute(&qmp::query_memdev {})?;
    assert_eq!((held.len(), held[0].size), (1, 1_048_576));
    let properties = client.execute(&qmp::qom_list_properties { typename: "memory-backend-file".into() })?;
    assert!(properties.iter().any(|property| property.name == "offset" && property.type_ == "int"));
    assert!(client.execute(&qmp::query_qmp_schema {})?.len() > 10);
    assert!(client.execute(&qmp::query_commands {})?.iter().any(|command| command.name == "object-add"));

    match client.execute(&qmp::qom_get { path: "/objects/nobody".into(), property: "size".into() }) {
        Err(ExecuteError::Qapi(refused)) => assert_eq!(refused.class, qapi::ErrorClass::DeviceNotFound),
        other => return Err(format!("expected a refusal, found {other:?}").into()),
    }
    client.execute(&qmp::object_del { id: "m0".into() })?;
    client.execute(&qmp::quit {})?;
    // Nothing more returns, but until the end of the connection events are taken.
    let _ = client.read_response::<qmp::quit>();
    assert!(client.events().any(|event| matches!(event, qmp::Event::SHUTDOWN { .. })));
    let status = server.0.wait()?;
    assert!(status.success(), "{status}");
    println!("ok: the crate qapi does its work");
    Ok(())
}
