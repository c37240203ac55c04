package dev.anneal.standin.runtime;

/** What a missing registration does, as {@code -XX:MissingRegistrationReportingMode=} says. */
enum Reporting {
    /** The error is thrown. */
    Throw {
        @Override
        void report(LinkageError missing) {
            throw missing;
        }
    },
    /** The error is printed on standard output, as GraalVM does it, and the access goes on as if the registration were not exact. */
    Warn {
        @Override
        void report(LinkageError missing) {
            missing.printStackTrace(System.out);
        }
    },
    /** The error is printed, and the process ends with status 172, as GraalVM documents it. */
    Exit {
        @Override
        void report(LinkageError missing) {
            missing.printStackTrace();
            System.exit(172);
        }
    };

    abstract void report(LinkageError missing);
}
