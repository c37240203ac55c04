//! Owns the entry class: the bytes of `anneal.Entry`, which calls the user's method without reflection.
//!
//! The launcher sees one interface; the generated class names the user's method in its code, so an image builder finds it by
//! plain analysis and no registration is needed. The code has no branch and therefore needs no stack maps.

use crate::contract::Contract;
use crate::handler::Handler;

mod pool;
mod zip;

use pool::Pool;

/// The generated class, as `java` is told it.
pub const CLASS: &str = "anneal.Entry";

const THIS: &str = "anneal/Entry";
const OBJECT: &str = "java/lang/Object";
const INTERFACE: &str = "dev/anneal/launcher/Handler";
const LAUNCHER: &str = "dev/anneal/launcher/Launcher";
const RUN: &str = "(Ldev/anneal/launcher/Handler;Ljava/lang/String;[Ljava/lang/String;)V";
const FUNCTION: &str = "java/util/function/Function";
const MAP: &str = "java/util/Map";

/// Java 17: every virtual machine and image builder in use reads it.
const MAJOR: u16 = 61;

const PUBLIC: u16 = 0x0001;
const PRIVATE: u16 = 0x0002;
const STATIC: u16 = 0x0008;
const FINAL: u16 = 0x0010;
const SUPER: u16 = 0x0020;

const LOAD_REFERENCE_0: u8 = 0x2a;
const LOAD_REFERENCE_1: u8 = 0x2b;
const LOAD_CONSTANT: u8 = 0x13;
const DUPLICATE: u8 = 0x59;
const RETURN_REFERENCE: u8 = 0xb0;
const RETURN: u8 = 0xb1;
const GET_FIELD: u8 = 0xb4;
const PUT_FIELD: u8 = 0xb5;
const INVOKE_SPECIAL: u8 = 0xb7;
const INVOKE_STATIC: u8 = 0xb8;
const INVOKE_INTERFACE: u8 = 0xb9;
const NEW: u8 = 0xbb;
const CHECK_CAST: u8 = 0xc0;

/// The class file, or nothing for the contract `Http`: such a program is started as it is.
///
/// ```java
/// public final class Entry implements dev.anneal.launcher.Handler {
///     public Entry() {}
///     public Object call(Object in) throws Throwable { return Users.method((Map) in); }
///     public static void main(String[] arguments) { Launcher.run(new Entry(), "Map", arguments); }
/// }
/// ```
pub fn generate(handler: &Handler) -> Option<Vec<u8>> {
    let user = handler.class().replace('.', "/");
    let mut pool = Pool::default();
    let (constructor, call, field) = match handler.contract() {
        Contract::Http => return None,
        Contract::Map => (empty_constructor(&mut pool), call_static(&mut pool, &user, handler.method()), None),
        Contract::Function(_) => {
            let field = format!("L{user};");
            (
                creating_constructor(&mut pool, &user, &field),
                call_function(&mut pool, &field),
                Some(field),
            )
        }
    };
    let main = start(&mut pool, handler.contract());
    let methods = [
        Method {
            access: PUBLIC,
            name: "<init>",
            descriptor: "()V",
            throws: false,
            locals: 1,
            code: constructor,
        },
        Method {
            access: PUBLIC,
            name: "call",
            descriptor: "(Ljava/lang/Object;)Ljava/lang/Object;",
            throws: true,
            locals: 2,
            code: call,
        },
        Method {
            access: PUBLIC | STATIC,
            name: "main",
            descriptor: "([Ljava/lang/String;)V",
            throws: false,
            locals: 1,
            code: main,
        },
    ];
    Some(assemble(pool, field.as_deref(), &methods))
}

/// A jar with only the generated class; equal handlers give equal bytes.
pub fn jar(handler: &Handler) -> Option<Vec<u8>> {
    Some(zip::single("anneal/Entry.class", &generate(handler)?))
}

struct Method {
    access: u16,
    name: &'static str,
    descriptor: &'static str,
    throws: bool,
    locals: u16,
    code: Vec<u8>,
}

fn empty_constructor(pool: &mut Pool) -> Vec<u8> {
    let mut code = vec![LOAD_REFERENCE_0];
    instruction(&mut code, INVOKE_SPECIAL, pool.method(OBJECT, "<init>", "()V"));
    code.push(RETURN);
    code
}

/// `this.function = new Users();`
fn creating_constructor(pool: &mut Pool, user: &str, field: &str) -> Vec<u8> {
    let mut code = vec![LOAD_REFERENCE_0];
    instruction(&mut code, INVOKE_SPECIAL, pool.method(OBJECT, "<init>", "()V"));
    code.push(LOAD_REFERENCE_0);
    instruction(&mut code, NEW, pool.class(user));
    code.push(DUPLICATE);
    instruction(&mut code, INVOKE_SPECIAL, pool.method(user, "<init>", "()V"));
    instruction(&mut code, PUT_FIELD, pool.field(THIS, "function", field));
    code.push(RETURN);
    code
}

/// `return Users.method((Map) in);`
fn call_static(pool: &mut Pool, user: &str, method: &str) -> Vec<u8> {
    let mut code = vec![LOAD_REFERENCE_1];
    instruction(&mut code, CHECK_CAST, pool.class(MAP));
    instruction(
        &mut code,
        INVOKE_STATIC,
        pool.method(user, method, "(Ljava/util/Map;)Ljava/util/Map;"),
    );
    code.push(RETURN_REFERENCE);
    code
}

/// `return this.function.apply(in);` The field has the user's type, so analysis knows the receiver.
fn call_function(pool: &mut Pool, field: &str) -> Vec<u8> {
    let mut code = vec![LOAD_REFERENCE_0];
    instruction(&mut code, GET_FIELD, pool.field(THIS, "function", field));
    code.push(LOAD_REFERENCE_1);
    let apply = pool.interface_method(FUNCTION, "apply", "(Ljava/lang/Object;)Ljava/lang/Object;");
    instruction(&mut code, INVOKE_INTERFACE, apply);
    // Two words of arguments, and a zero that the format asks for.
    code.extend([2, 0, RETURN_REFERENCE]);
    code
}

/// `Launcher.run(new Entry(), "<contract>", arguments);`
fn start(pool: &mut Pool, contract: Contract) -> Vec<u8> {
    let mut code = Vec::new();
    instruction(&mut code, NEW, pool.class(THIS));
    code.push(DUPLICATE);
    instruction(&mut code, INVOKE_SPECIAL, pool.method(THIS, "<init>", "()V"));
    instruction(&mut code, LOAD_CONSTANT, pool.string(contract.as_str()));
    code.push(LOAD_REFERENCE_0);
    instruction(&mut code, INVOKE_STATIC, pool.method(LAUNCHER, "run", RUN));
    code.push(RETURN);
    code
}

fn instruction(code: &mut Vec<u8>, operation: u8, operand: u16) {
    code.push(operation);
    code.extend(operand.to_be_bytes());
}

/// The deepest stack of all methods: this, an object twice, or an object and two arguments.
const STACK: u16 = 3;

fn assemble(mut pool: Pool, field: Option<&str>, methods: &[Method]) -> Vec<u8> {
    let mut body = Vec::new();
    let interface = pool.class(INTERFACE);
    put(
        &mut body,
        &[PUBLIC | FINAL | SUPER, pool.class(THIS), pool.class(OBJECT), 1, interface],
    );
    match field {
        Some(descriptor) => {
            let (name, descriptor) = (pool.text("function"), pool.text(descriptor));
            put(&mut body, &[1, PRIVATE | FINAL, name, descriptor, 0]);
        }
        None => put(&mut body, &[0]),
    }
    put(&mut body, &[u16::try_from(methods.len()).unwrap_or(u16::MAX)]);
    for method in methods {
        write_method(&mut body, &mut pool, method);
    }
    put(&mut body, &[0]);

    let mut class = vec![0xca, 0xfe, 0xba, 0xbe];
    put(&mut class, &[0, MAJOR]);
    class.extend(pool.into_bytes());
    class.extend(body);
    class
}

fn write_method(body: &mut Vec<u8>, pool: &mut Pool, method: &Method) {
    let attributes = if method.throws { 2 } else { 1 };
    put(
        body,
        &[method.access, pool.text(method.name), pool.text(method.descriptor), attributes],
    );
    if method.throws {
        put(body, &[pool.text("Exceptions"), 0, 4, 1, pool.class("java/lang/Throwable")]);
    }
    let length = u16::try_from(method.code.len()).unwrap_or(u16::MAX);
    // Stack, locals and the code's length; behind the code no handlers and no attributes.
    put(body, &[pool.text("Code"), 0, 12 + length, STACK, method.locals, 0, length]);
    body.extend(&method.code);
    put(body, &[0, 0]);
}

fn put(bytes: &mut Vec<u8>, numbers: &[u16]) {
    bytes.extend(numbers.iter().flat_map(|number| number.to_be_bytes()));
}
