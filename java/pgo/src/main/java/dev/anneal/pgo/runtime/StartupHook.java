package dev.anneal.pgo.runtime;

import com.oracle.svm.core.jdk.RuntimeSupport;

/** A class of its own: what a feature's own lambdas reach would be dragged into the image. */
public final class StartupHook implements RuntimeSupport.Hook {
    @Override
    public void execute(boolean isFirstIsolate) {
        if (isFirstIsolate) {
            Dump.install();
        }
    }
}
