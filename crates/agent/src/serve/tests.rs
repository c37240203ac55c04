mod case;
mod missing;
mod tracer;
mod windows;
