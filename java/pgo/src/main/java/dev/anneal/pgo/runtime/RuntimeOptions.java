package dev.anneal.pgo.runtime;

import com.oracle.svm.core.option.RuntimeOptionKey;
import jdk.graal.compiler.options.OptionsContainer;

/** Options of the program that counts. */
public final class RuntimeOptions implements OptionsContainer {
    /** Where the profile goes: {@code -XX:ProfilesDumpFile=}. */
    public static final RuntimeOptionKey<String> ProfilesDumpFile = new RuntimeOptionKey<>("default.iprof");
}
