package dev.anneal.tracer;

/**
 * A method of the JDK that calls a hook.
 *
 * @param owner its class
 * @param method its name; all overloads whose receiver and first parameters are the hook's
 * @param hook the method of {@link Hooks}
 * @param moment when it is called
 */
record Target(String owner, String method, String hook, Moment moment) {
    /** When a hook is called. */
    enum Moment {
        /** Before anything else, with the receiver, if the method has one, and as many arguments as the hook takes. */
        ENTRY,
        /** Before the method returns an object, with that. */
        RETURN
    }
}
