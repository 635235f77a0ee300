//! Compiles the contracts without protoc: protox parses, tonic-prost-build generates.
//!
//! Besides messages and services it writes one `impl Event` per message that carries the
//! `postlude.options.v1.event` option, so that a subject is never typed by hand.

use std::{env, error::Error, fmt::Write as _, fs, path::PathBuf};

use prost_reflect::{DescriptorPool, MessageDescriptor};
use protox::{
    Compiler,
    file::{ChainFileResolver, DescriptorSetFileResolver, GoogleFileResolver, IncludeFileResolver},
};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=postlude");
    let out = PathBuf::from(env::var("OUT_DIR")?);

    let mut resolver = ChainFileResolver::new();
    resolver.add(IncludeFileResolver::new(PathBuf::from(".")));
    resolver.add(GoogleFileResolver::new());
    resolver.add(DescriptorSetFileResolver::decode(
        prost_protovalidate_types::DESCRIPTOR_POOL
            .encode_to_vec()
            .as_slice(),
    )?);
    let mut compiler = Compiler::with_file_resolver(resolver);
    compiler.include_imports(true).include_source_info(true);
    for file in contract_files("postlude")? {
        compiler.open_file(file)?;
    }

    // This set drops the values of extension options, so it serves code generation only; the
    // encoded one keeps them and is what the program reads.
    let for_codegen = compiler.file_descriptor_set();
    compiler.include_source_info(false);
    let encoded = compiler.encode_file_descriptor_set();
    let pool = DescriptorPool::decode(encoded.as_slice())?;
    fs::write(out.join("descriptors.bin"), &encoded)?;

    let mut config = tonic_prost_build::Config::new();
    config.bytes([
        ".postlude.runs.v1.Run.input",
        ".postlude.runs.v1.Run.output",
    ]);
    config.extern_path(".buf.validate", "::prost_types");
    for message in pool
        .all_messages()
        .filter(|m| m.package_name().starts_with("postlude."))
    {
        let name = message.full_name();
        config.type_attribute(
            format!(".{name}"),
            format!(
                "#[derive(::prost_reflect::ReflectMessage)]\
                 #[prost_reflect(message_name = \"{name}\", \
                 descriptor_pool = \"crate::DESCRIPTOR_POOL\")]"
            ),
        );
    }
    tonic_prost_build::configure()
        .build_transport(false)
        .compile_fds_with_config(for_codegen, config)?;
    fs::write(out.join("events.rs"), event_impls(&pool)?)?;
    Ok(())
}

fn contract_files(root: &str) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::from(root)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "proto") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

fn event_impls(pool: &DescriptorPool) -> Result<String, Box<dyn Error>> {
    let option = pool
        .get_extension_by_name("postlude.options.v1.event")
        .ok_or("postlude.options.v1.event is not declared")?;
    let mut code = String::new();
    for message in pool.all_messages() {
        let options = message.options();
        let name = options.get_extension(&option);
        let Some(name) = name.as_str().filter(|name| !name.is_empty()) else {
            continue;
        };
        let [_, domain, version] = package_parts(&message)?;
        let path = format!("crate::{domain}::{version}::{}", message.name());
        let domain = domain.replace('_', "-");
        writeln!(
            code,
            "impl crate::Event for {path} {{\n    const DOMAIN: &'static str = \"{domain}\";\n    \
             const NAME: &'static str = \"{name}\";\n    const TYPE: &'static str = \
             \"postlude.{domain}.{name}.{version}\";\n}}"
        )?;
    }
    Ok(code)
}

fn package_parts(message: &MessageDescriptor) -> Result<[String; 3], Box<dyn Error>> {
    let parts: Vec<String> = message
        .package_name()
        .split('.')
        .map(str::to_owned)
        .collect();
    parts
        .try_into()
        .map_err(|_| "an event's package must be postlude.<domain>.<version>".into())
}
