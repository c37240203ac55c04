package org.graalvm.nativeimage;

/**
 * Stand-in of the error by which an executable says that a resource access was not registered at build time. Written for the
 * test suites; only the name is GraalVM's.
 */
public final class MissingResourceRegistrationError extends LinkageError {
    private static final long serialVersionUID = 1L;

    /**
     * An error with its sentence.
     *
     * @param message names the element in single quotes
     */
    public MissingResourceRegistrationError(String message) {
        super(message);
    }
}
