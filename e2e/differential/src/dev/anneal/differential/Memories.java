package dev.anneal.differential;

import static dev.anneal.differential.Out.say;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.ref.Cleaner;
import java.lang.ref.PhantomReference;
import java.lang.ref.ReferenceQueue;
import java.lang.ref.SoftReference;
import java.lang.ref.WeakReference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.WeakHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Memory, on the heap and beside it. */
final class Memories {
    private Memories() {
    }

    static void list(Catalog catalog) {
        catalog.add("bigHeap", "-Xmx1g", () -> {
            List<byte[]> kept = new ArrayList<>();
            for (int block = 0; block < 300; block++) {
                byte[] bytes = new byte[1 << 20];
                bytes[block] = (byte) block;
                kept.add(bytes);
            }
            long sum = 0;
            for (int block = 0; block < kept.size(); block++) {
                sum += kept.get(block)[block];
            }
            say(sum + " " + kept.size());
        }).add("manyObjects", () -> {
            Map<Integer, String> map = new HashMap<>();
            for (int n = 0; n < 300_000; n++) {
                map.put(n, "value " + n);
            }
            for (int round = 0; round < 20; round++) {
                for (int n = 0; n < 100_000; n++) {
                    map.put(n, "round " + round);
                }
            }
            say(map.size() + map.get(99_999) + map.get(100_000));
        }).add("references", () -> {
            ReferenceQueue<Object> queue = new ReferenceQueue<>();
            WeakReference<Object> weak = new WeakReference<>(new Object(), queue);
            PhantomReference<Object> phantom = new PhantomReference<>(new Object(), queue);
            SoftReference<String> soft = new SoftReference<>("kept".repeat(2));
            int cleared = 0;
            for (int tries = 0; tries < 600 && cleared < 2; tries++) {
                System.gc();
                cleared += queue.remove(100) == null ? 0 : 1;
            }
            say(cleared + " " + weak.get() + " " + phantom.get() + " " + soft.get());
        }).add("cleaners", () -> {
            CountDownLatch cleaned = new CountDownLatch(1);
            register(cleaned);
            boolean done = false;
            for (int tries = 0; tries < 600 && !done; tries++) {
                System.gc();
                done = cleaned.await(100, TimeUnit.MILLISECONDS);
            }
            say(done);
            WeakHashMap<Object, String> map = new WeakHashMap<>(Map.of("constant", "stays"));
            say(map);
        }).add("directBuffers", () -> {
            ByteBuffer buffer = ByteBuffer.allocateDirect(1 << 20).order(ByteOrder.LITTLE_ENDIAN);
            buffer.putInt(4, 0x01020304).putDouble(8, 1.5);
            say(buffer.get(4) + " " + buffer.getDouble(8) + " " + buffer.isDirect() + " " + buffer.slice(4, 4).getInt());
            try {
                buffer.get(1 << 20);
            } catch (IndexOutOfBoundsException beyond) {
                say("beyond");
            }
        }).add("segments", () -> {
            MemorySegment leaked;
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment segment = arena.allocate(ValueLayout.JAVA_LONG, 10);
                say(segment.byteSize() + " " + segment.isNative() + " " + MemorySegment.ofArray(new int[3]).byteSize());
                segment.asByteBuffer().order(ByteOrder.nativeOrder()).putLong(24, 42);
                say(segment.toArray(ValueLayout.JAVA_LONG)[3]);
                segment.fill((byte) 1);
                say(segment.mismatch(segment.asSlice(8)));
                leaked = segment;
            }
            try {
                leaked.fill((byte) 0);
            } catch (IllegalStateException closed) {
                say(closed.getMessage());
            }
        }).add("segmentValues", () -> {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment segment = arena.allocate(ValueLayout.JAVA_LONG, 10);
                segment.setAtIndex(ValueLayout.JAVA_LONG, 3, 42);
                say(segment.getAtIndex(ValueLayout.JAVA_LONG, 3) + " " + segment.get(ValueLayout.JAVA_INT, 24));
            }
        }).add("segmentStrings", () -> {
            try (Arena arena = Arena.ofConfined()) {
                say(arena.allocateFrom("text").getString(0));
            }
        }).add("mappedFiles", () -> {
            Path file = Files.createTempFile("mapped", ".bin");
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
                MappedByteBuffer mapped = channel.map(FileChannel.MapMode.READ_WRITE, 0, 4096);
                mapped.putInt(100, 7);
                mapped.force();
                say(channel.size() + " " + Files.readAllBytes(file)[103]);
            }
            Files.delete(file);
        });
    }

    private static void register(CountDownLatch cleaned) {
        Cleaner.create().register(new Object(), cleaned::countDown);
    }
}
