package dev.anneal.pgo.runtime;

import com.oracle.svm.core.BuildPhaseProvider;
import com.oracle.svm.core.heap.UnknownObjectField;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import jdk.internal.access.SharedSecrets;
import jdk.internal.misc.Signal;
import org.graalvm.nativeimage.ImageSingletons;
import org.graalvm.nativeimage.UnmanagedMemory;
import org.graalvm.word.Pointer;
import org.graalvm.word.UnsignedWord;
import org.graalvm.word.WordFactory;

/** Writes the profile: when the program has ended, after its own shutdown hooks, and whenever a signal asks for it. */
public final class Dump {
    /** Among Java's ten: programs' own hooks are the second, what is to be deleted the third, and the native runtime has the last two. */
    private static final int PLACE = 5;

    private static final String SIGNAL = "USR2";

    @UnknownObjectField(types = byte[].class, availability = BuildPhaseProvider.AfterCompilation.class) private byte[] table;

    /** Where the counts of a thread go while it writes. It is kept: the thread may be a virtual one, and its carrier go on elsewhere. */
    private long scratch;
    private boolean hasEnded;

    public void setTable(byte[] encoded) {
        table = encoded;
    }

    /** Called in the program, before its main method. */
    static void install() {
        SharedSecrets.getJavaLangAccess().registerShutdownHook(PLACE, false, () -> now(true));
        try {
            Signal.handle(new Signal(SIGNAL), signal -> now(false));
        } catch (IllegalArgumentException taken) {
            System.err.println("anneal-pgo: no profile on demand: " + taken.getMessage());
        }
    }

    private static void now(boolean atTheEnd) {
        ImageSingletons.lookup(Dump.class).write(atTheEnd);
    }

    /** A demand that comes while the last profile is written is met by that one. */
    private synchronized void write(boolean atTheEnd) {
        if (hasEnded) {
            return;
        }
        hasEnded = atTheEnd;
        // Whoever runs the hooks of the end says nothing of what they throw.
        try {
            if (scratch == 0) {
                Pointer memory = UnmanagedMemory.calloc(Blocks.SIZE.bytes());
                scratch = memory.rawValue();
            }
            UnsignedWord before = Blocks.get().stopCounting(WordFactory.pointer(scratch));
            try {
                replace(Path.of(RuntimeOptions.ProfilesDumpFile.getValue()).toAbsolutePath());
            } finally {
                Blocks.get().countAgain(before);
            }
        } catch (OutOfMemoryError full) {
            System.err.println("anneal-pgo: the profile cannot be written: there is not enough memory");
        } catch (Throwable failure) {
            System.err.println("anneal-pgo: the profile cannot be written: " + failure);
        }
    }

    /** Programs of several containers may have one process number and one folder. */
    private void replace(Path file) throws IOException {
        Path draft = Path.of(file + "." + ProcessHandle.current().pid() + "-" + Long.toHexString(System.nanoTime()) + ".tmp");
        try {
            try (OutputStream out = Files.newOutputStream(draft, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                new ProfileWriter(out, Blocks.get()).write(table);
            }
            Files.move(draft, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(draft);
        }
    }
}
