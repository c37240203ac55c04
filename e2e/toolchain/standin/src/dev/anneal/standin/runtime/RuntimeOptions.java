package dev.anneal.standin.runtime;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The options that an executable takes from its command line; everything else is the program's. Options of the memory
 * manager reach the JVM through the executable's shell header and are only removed here.
 *
 * @param profile where an instrumented executable writes its profile
 * @param reporting what a missing registration does
 * @param properties system properties
 * @param programArguments the rest
 */
record RuntimeOptions(Path profile, Reporting reporting, Map<String, String> properties, String[] programArguments) {
    private static final String PROFILE = "-XX:ProfilesDumpFile=";
    private static final String REPORTING = "-XX:MissingRegistrationReportingMode=";

    static RuntimeOptions parse(String[] arguments) {
        Path profile = Path.of("default.iprof");
        Reporting reporting = Reporting.Throw;
        Map<String, String> properties = new LinkedHashMap<>();
        List<String> rest = new ArrayList<>();
        for (String argument : arguments) {
            if (argument.startsWith(PROFILE)) {
                profile = Path.of(argument.substring(PROFILE.length()));
            } else if (argument.startsWith(REPORTING)) {
                reporting = Reporting.valueOf(argument.substring(REPORTING.length()));
            } else if (argument.startsWith("-D")) {
                String[] pair = argument.substring(2).split("=", 2);
                properties.put(pair[0], pair.length > 1 ? pair[1] : "");
            } else if (!argument.startsWith("-XX:") && !argument.matches("-Xm[xsn][0-9]+[kKmMgG]?")) {
                rest.add(argument);
            }
        }
        return new RuntimeOptions(profile, reporting, properties, rest.toArray(String[]::new));
    }
}
