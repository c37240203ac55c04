//! Prints the Function's `CustomResourceDefinition` as JSON: what `cargo xtask codegen` writes to `crds/`.

#[expect(clippy::print_stdout, reason = "its output is its purpose")]
fn main() {
    println!("{}", anneal_api::definition::function());
}
