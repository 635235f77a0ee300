//! Components that no compiler writes: by hand, below the language, against the host itself.
//!
//! Each is refused when it is loaded or stopped when it is called, by a name and in words, and the
//! next call on the same host is answered as ever.

use std::sync::Arc;

use postlude_plugin_host::{Bound, FaultCode, LoadError, digest};
use wit_component::{ComponentEncoder, DecodedWasm, StringEncoding};

use crate::world::{World, answered, binding, component_bytes, fault, tenant};

/// Where an answer lies in the guest's memory.
const ANSWER: usize = 1024;
/// A place for what the answer points to.
const HEAP: usize = 2048;

/// A core module that answers `decide` with what lies at [`ANSWER`].
struct Guest {
    memory: &'static str,
    /// Further definitions.
    more: &'static str,
    /// Before memory is handed out for the question.
    realloc: &'static str,
    /// Before the answer is pointed to.
    decide: &'static str,
    /// Where the answer lies.
    answer: u32,
    data: Vec<(usize, Vec<u8>)>,
}

impl Default for Guest {
    fn default() -> Self {
        Self {
            memory: "8",
            more: "",
            realloc: "",
            decide: "",
            answer: u32::try_from(ANSWER).unwrap(),
            data: vec![(ANSWER, decision(&[[0, 0], [0, 0]]))],
        }
    }
}

impl Guest {
    fn answering(data: Vec<(usize, Vec<u8>)>) -> Self {
        Self {
            data,
            ..Self::default()
        }
    }

    /// A component of the world that policies have, around this module.
    fn component(&self) -> Vec<u8> {
        let data: String = self
            .data
            .iter()
            .map(|(at, bytes)| {
                let bytes: String = bytes.iter().map(|byte| format!("\\{byte:02x}")).collect();
                format!("(data (i32.const {at}) \"{bytes}\")")
            })
            .collect();
        let text = format!(
            r#"(module
                (memory (export "memory") {memory})
                (global $free (mut i32) (i32.const 65536))
                {more}
                (func $cabi_realloc (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
                    (local $at i32)
                    {realloc}
                    (local.set $at (i32.and (i32.add (global.get $free) (i32.const 15)) (i32.const -16)))
                    (global.set $free (i32.add (local.get $at) (local.get 3)))
                    (local.get $at))
                (func (export "postlude:return-policy/policy@1.0.0#terms") (param i32) (result i32)
                    unreachable)
                (func (export "postlude:return-policy/policy@1.0.0#decide") (param i32) (result i32)
                    {decide}
                    (i32.const {answer}))
                {data})"#,
            memory = self.memory,
            more = self.more,
            realloc = self.realloc,
            decide = self.decide,
            answer = self.answer,
        );
        let mut module = wat::parse_str(text).unwrap();
        let shipped = component_bytes("standard-returns");
        let DecodedWasm::Component(resolve, world) = wit_component::decode(&shipped).unwrap()
        else {
            panic!("the shipped plugin is a component");
        };
        wit_component::embed_component_metadata(
            &mut module,
            &resolve,
            world,
            StringEncoding::UTF8,
            false,
        )
        .unwrap();
        ComponentEncoder::default()
            .validate(true)
            .module(&module)
            .unwrap()
            .encode()
            .unwrap()
    }
}

/// The answer `ok`, with the pointer and the length of its lines and of its reasons.
fn decision(lists: &[[u32; 2]; 2]) -> Vec<u8> {
    let mut bytes = 0_u32.to_le_bytes().to_vec();
    bytes.extend(lists.iter().flatten().flat_map(|word| word.to_le_bytes()));
    bytes
}

/// One reason, with the pointer and the length of its code and of its text.
fn reason(code: [u32; 2], text: [u32; 2]) -> Vec<u8> {
    [code, text]
        .iter()
        .flatten()
        .flat_map(|word| word.to_le_bytes())
        .collect()
}

fn heap() -> u32 {
    u32::try_from(HEAP).unwrap()
}

/// An answer with one reason of such texts.
fn one_reason(code: [u32; 2], text: [u32; 2], heap_end: &[u8]) -> Guest {
    Guest::answering(vec![
        (ANSWER, decision(&[[0, 0], [heap(), 1]])),
        (HEAP, reason(code, text)),
        (HEAP + 16, heap_end.to_vec()),
    ])
}

fn refused(bytes: &[u8]) -> String {
    let world = World::with(|config| config.cache_dir = None);
    let error = world.host.load(&digest(bytes), bytes).unwrap_err();
    assert!(matches!(error, LoadError::Invalid(_)), "{error}");
    error.to_string()
}

/// What the host says of a call; afterwards it answers another.
async fn called(world: &World, name: &str, guest: &Guest) -> (FaultCode, String) {
    let bytes = guest.component();
    let digest = digest(&bytes);
    let component = world
        .host
        .load(&digest, &bytes)
        .unwrap_or_else(|error| panic!("{name}: {error}"));
    let bound = Bound::new(binding(&tenant(), name, &digest, "{}"), component);
    world.bindings.replace([Arc::new(bound)]);
    let said = fault(&world.decide().await);
    world.bind("polite");
    answered(world.decide().await);
    said
}

#[tokio::test]
async fn what_runs_without_end_outside_of_the_export_ends_with_its_fuel() {
    let world = World::new();
    for (name, guest) in [
        (
            "loop-in-start",
            Guest {
                more: "(func $spin (loop $again (br $again))) (start $spin)",
                ..Guest::default()
            },
        ),
        (
            "loop-in-realloc",
            Guest {
                realloc: "(loop $again (br $again))",
                ..Guest::default()
            },
        ),
        (
            "bulk-fill-loop",
            Guest {
                decide: "(loop $again (memory.fill (i32.const 65536) (i32.const 1) (i32.const 131072)) (br $again))",
                ..Guest::default()
            },
        ),
    ] {
        let (code, message) = called(&world, name, &guest).await;
        assert_eq!(code, FaultCode::FuelExhausted, "{name}: {message}");
        assert!(message.contains("look for a loop"), "{name}: {message}");
    }
}

#[tokio::test]
async fn growing_without_end_stops_at_the_limit() {
    let world = World::new();
    for (name, guest) in [
        (
            "memory-bomb",
            Guest {
                decide: "(loop $again (br_if $again (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) unreachable",
                ..Guest::default()
            },
        ),
        (
            "table-bomb",
            Guest {
                more: "(table $grows 1 funcref)",
                decide: "(loop $again (br_if $again (i32.ne (table.grow $grows (ref.null func) (i32.const 1000)) (i32.const -1)))) unreachable",
                ..Guest::default()
            },
        ),
    ] {
        let (code, message) = called(&world, name, &guest).await;
        assert_eq!(code, FaultCode::MemoryExhausted, "{name}: {message}");
        assert!(message.contains("KiB of memory"), "{name}: {message}");
    }
}

#[test]
fn what_asks_for_too_much_at_the_start_is_refused_before_it_runs() {
    let huge_memory = Guest {
        memory: "60000",
        ..Guest::default()
    };
    let said = refused(&huge_memory.component());
    assert!(said.contains("memory"), "{said}");
    let huge_table = Guest {
        more: "(table 5000000 funcref)",
        ..Guest::default()
    };
    let said = refused(&huge_table.component());
    assert!(said.contains("table"), "{said}");
}

/// The first module over and over, each with a memory of its own.
#[test]
fn a_component_of_many_instances_is_refused() {
    let mut bytes = Guest::default().component();
    let (core_instances, count): (u8, u8) = (2, 40);
    let mut section = vec![count];
    for _ in 0..count {
        section.extend([0, 0, 0]);
    }
    bytes.push(core_instances);
    bytes.push(u8::try_from(section.len()).unwrap());
    bytes.extend(section);
    let said = refused(&bytes);
    assert!(
        said.contains("instances") || said.contains("memor"),
        "{said}"
    );
}

#[tokio::test]
async fn an_answer_that_points_nowhere_is_named_for_what_it_is() {
    let world = World::new();
    let nowhere = u32::MAX - 64;
    let gibibyte = 1 << 30;
    for (name, guest) in [
        (
            "answer-out-of-bounds",
            Guest {
                answer: nowhere,
                ..Guest::default()
            },
        ),
        (
            "answer-at-an-odd-place",
            Guest {
                answer: 1025,
                ..Guest::default()
            },
        ),
        (
            "discriminant-of-no-case",
            Guest::answering(vec![(ANSWER, vec![7; 20])]),
        ),
        (
            "lines-out-of-bounds",
            Guest::answering(vec![(ANSWER, decision(&[[nowhere & !7, 3], [0, 0]]))]),
        ),
        (
            "lists-without-number",
            Guest::answering(vec![(ANSWER, decision(&[[0, u32::MAX], [0, u32::MAX]]))]),
        ),
        (
            "text-of-a-gibibyte",
            one_reason([heap(), 2], [heap(), gibibyte], b""),
        ),
        (
            "text-that-is-no-text",
            one_reason([heap(), 0], [heap() + 16, 3], &[0xff, 0xfe, 0xc0]),
        ),
        (
            "realloc-out-of-bounds",
            Guest {
                realloc: "(return (i32.const -64))",
                ..Guest::default()
            },
        ),
    ] {
        let (code, message) = called(&world, name, &guest).await;
        assert_eq!(code, FaultCode::OutputMalformed, "{name}: {message}");
        assert!(
            message.contains("build the plugin anew"),
            "{name}: {message}"
        );
    }
}

/// Lists that all lie in the same place: little memory in the guest, and without a bound gigabytes
/// in the host.
#[tokio::test]
async fn lists_that_share_their_memory_end_at_the_size_of_an_answer() {
    let world = World::new();
    let text = vec![b'x'; 60_000];
    let mut reasons = Vec::new();
    for _ in 0..3_000 {
        reasons.extend(reason([heap(), 0], [131_072, 60_000]));
    }
    let guest = Guest::answering(vec![
        (ANSWER, decision(&[[0, 0], [heap(), 3_000]])),
        (HEAP, reasons),
        (131_072, text),
    ]);
    let (code, message) = called(&world, "shared-lists", &guest).await;
    assert_eq!(code, FaultCode::OutputTooLarge, "{message}");
    assert!(message.contains("64 KiB"), "{message}");
}
