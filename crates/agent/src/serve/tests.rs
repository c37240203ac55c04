mod case;
mod tracer;
mod windows;
