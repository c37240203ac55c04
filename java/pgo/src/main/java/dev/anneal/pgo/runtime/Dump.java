package dev.anneal.pgo.runtime;

import com.oracle.svm.core.BuildPhaseProvider;
import com.oracle.svm.core.heap.UnknownObjectField;
import java.io.File;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.StandardCopyOption;
import jdk.internal.access.SharedSecrets;
import jdk.internal.misc.Signal;
import org.graalvm.nativeimage.ImageSingletons;
import org.graalvm.nativeimage.UnmanagedMemory;
import org.graalvm.word.Pointer;
import org.graalvm.word.UnsignedWord;

/** Writes the profile: when the program has ended, after its own shutdown hooks, and whenever a signal asks for it. */
public final class Dump {
    /** Among Java's ten: programs' own hooks are the second, what is to be deleted the third, and the native runtime has the last two. */
    private static final int PLACE = 5;

    private static final String SIGNAL = "USR2";

    @UnknownObjectField(types = byte[].class, availability = BuildPhaseProvider.AfterCompilation.class) private byte[] table;

    public void setTable(byte[] encoded) {
        table = encoded;
    }

    /** Called in the program, before its main method. */
    static void install() {
        SharedSecrets.getJavaLangAccess().registerShutdownHook(PLACE, false, Dump::now);
        try {
            Signal.handle(new Signal(SIGNAL), signal -> now());
        } catch (IllegalArgumentException taken) {
            System.err.println("anneal-pgo: no profile on demand: " + taken.getMessage());
        }
    }

    private static void now() {
        ImageSingletons.lookup(Dump.class).write(new File(RuntimeOptions.ProfilesDumpFile.getValue()).getAbsoluteFile());
    }

    private synchronized void write(File file) {
        Pointer scratch = UnmanagedMemory.calloc(Blocks.SIZE.bytes());
        UnsignedWord before = Blocks.get().stopCounting(scratch);
        try {
            replace(file);
        } catch (IOException failure) {
            System.err.println("anneal-pgo: the profile cannot be written: " + failure);
        } finally {
            Blocks.get().countAgain(before);
            UnmanagedMemory.free(scratch);
        }
    }

    private void replace(File file) throws IOException {
        File draft = new File(file.getPath() + "." + ProcessHandle.current().pid() + ".tmp");
        try {
            try (OutputStream out = new FileOutputStream(draft)) {
                new ProfileWriter(out, Blocks.get()).write(table);
            }
            Files.move(draft.toPath(), file.toPath(), StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(draft.toPath());
        }
    }
}
