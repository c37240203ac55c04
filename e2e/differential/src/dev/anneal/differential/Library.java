package dev.anneal.differential;

import static dev.anneal.differential.Out.name;
import static dev.anneal.differential.Out.say;

import java.io.ByteArrayInputStream;
import java.io.StringReader;
import java.io.StringWriter;
import java.lang.management.ManagementFactory;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Base64;
import java.util.BitSet;
import java.util.Collections;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.UUID;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogManager;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;
import java.util.stream.Gatherers;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.management.ObjectName;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.SAXParserFactory;
import javax.xml.transform.OutputKeys;
import javax.xml.transform.Transformer;
import javax.xml.transform.TransformerFactory;
import javax.xml.transform.dom.DOMSource;
import javax.xml.transform.stream.StreamResult;
import javax.xml.xpath.XPathFactory;
import org.w3c.dom.Document;
import org.xml.sax.Attributes;
import org.xml.sax.InputSource;
import org.xml.sax.helpers.DefaultHandler;

/** Parts of the class library that bring their own ways of finding things. */
final class Library {
    private static final List<String> ORDER = new java.util.ArrayList<>();

    private Library() {
    }

    private static final class First {
        static final int VALUE;

        static {
            ORDER.add("first");
            VALUE = Second.VALUE + 1;
        }
    }

    private static final class Second {
        static final int VALUE;

        static {
            ORDER.add("second");
            VALUE = 41;
        }
    }

    private static final class Broken {
        static final int VALUE = fail();

        private static int fail() {
            throw new IllegalStateException("in the initializer");
        }
    }

    /** What JMX shows. */
    public interface CounterMXBean {
        /**
         * A figure.
         *
         * @return the figure
         */
        int getCount();
    }

    /** Its implementation. */
    public static final class Counter implements CounterMXBean {
        @Override
        public int getCount() {
            return 42;
        }
    }

    static int compare(java.lang.foreign.MemorySegment one, java.lang.foreign.MemorySegment other) {
        return Integer.compare(one.get(java.lang.foreign.ValueLayout.JAVA_INT, 0), other.get(java.lang.foreign.ValueLayout.JAVA_INT, 0));
    }

    static void list(Catalog catalog) {
        catalog.add("initialization", () -> {
            say(ORDER + " " + First.VALUE + " " + ORDER);
            for (int tries = 0; tries < 2; tries++) {
                try {
                    say(Broken.VALUE);
                } catch (ExceptionInInitializerError | NoClassDefFoundError failed) {
                    say(failed.getClass().getSimpleName() + " " + Optional.ofNullable(failed.getCause()).map(Object::getClass).orElse(null));
                }
            }
        }).add("assertions", () -> {
            boolean enabled = false;
            assert enabled = true;
            say(enabled);
        }).add("numbers", () -> {
            say(StrictMath.sin(1e6) + " " + Math.fma(0.1, 10, -1) + " " + Double.toString(2e-3) + " " + Float.toString(1.1f * 1.1f) + " " + 0.1 * 3);
            say(Double.toHexString(Math.PI) + " " + Double.parseDouble("0x1.8p1") + " " + (int) Double.NaN + " " + (long) 1e30 + " " + -7 / 2 + " " + Math.floorMod(-7, 2));
            say(new BigDecimal("10").divide(new BigDecimal("3"), MathContext.DECIMAL64) + " " + new BigDecimal("2.345").setScale(2, RoundingMode.HALF_EVEN));
            say(BigInteger.TWO.pow(200).mod(BigInteger.valueOf(97)) + " " + new BigInteger("123456789").isProbablePrime(20) + " " + Long.toUnsignedString(-1));
            say(Integer.toBinaryString(42) + " " + Long.bitCount(-1) + " " + Integer.reverse(1) + " " + Float.float16ToFloat((short) 0x3c00) + " " + Math.multiplyHigh(1L << 62, 12));
        }).add("randoms", () -> {
            say(new Random(42).ints(5, 0, 100).boxed().toList() + " " + new Random(7).nextGaussian());
            say(new SplittableRandom(42).nextLong() + " " + RandomGenerator.of(name("L64X128", "MixRandom")).getClass().getSimpleName());
            List<Integer> shuffled = IntStream.range(0, 10).boxed().collect(Collectors.toList());
            Collections.shuffle(shuffled, new Random(1));
            say(shuffled);
        }).add("encodings", () -> {
            say(Base64.getEncoder().encodeToString("hello?>".getBytes(StandardCharsets.US_ASCII)) + " " + Base64.getUrlEncoder().withoutPadding().encodeToString(new byte[] {-1, -2}));
            say(HexFormat.ofDelimiter(":").withUpperCase().formatHex(new byte[] {1, -1}) + " " + UUID.nameUUIDFromBytes(new byte[] {1}) + " " + UUID.fromString("0-1-2-3-4"));
        }).add("collections", () -> {
            Map<String, Integer> map = new HashMap<>();
            for (String word : "the quick brown fox jumps over the lazy dog the end".split(" ")) {
                map.merge(word, 1, Integer::sum);
            }
            say(map + " " + new TreeMap<>(map).firstEntry() + " " + new LinkedHashMap<>(Map.of("a", 1)));
            EnumMap<Thread.State, Integer> states = new EnumMap<>(Map.of(Thread.State.RUNNABLE, 1, Thread.State.NEW, 2));
            PriorityQueue<Integer> queue = new PriorityQueue<>(List.of(3, 1, 2));
            say(states + " " + queue.poll() + queue.poll() + " " + BitSet.valueOf(new long[] {5}) + " " + new ArrayDeque<>(List.of(1, 2)).pollLast());
            try {
                List.of(1).add(2);
            } catch (UnsupportedOperationException refused) {
                say("immutable");
            }
        }).add("streams", () -> {
            say(Stream.of("b", "a", "c", "bb").collect(Collectors.groupingBy(String::length, TreeMap::new, Collectors.joining("+"))));
            say(IntStream.rangeClosed(1, 5).summaryStatistics() + " " + Stream.iterate(1, n -> n * 2).limit(8).gather(Gatherers.windowFixed(3)).toList());
            say(Stream.of(1, 2, 3, 4).collect(Collectors.teeing(Collectors.counting(), Collectors.averagingInt(n -> n), (count, mean) -> count + ":" + mean)));
        }).add("logging", () -> {
            LogManager.getLogManager().readConfiguration(new ByteArrayInputStream(
                    "handlers=\n.level=WARNING\ndev.test.level=FINE\n".getBytes(StandardCharsets.US_ASCII)));
            Logger logger = Logger.getLogger("dev.test.child");
            logger.addHandler(new Handler() {
                @Override
                public void publish(LogRecord entry) {
                    say(entry.getLevel() + " " + entry.getLoggerName() + " " + entry.getMessage() + " " + entry.getSourceMethodName().startsWith("lambda"));
                }

                @Override
                public void flush() {
                    // Nothing is kept.
                }

                @Override
                public void close() {
                    // Nothing is open.
                }
            });
            logger.fine("fine");
            logger.finer("never");
            logger.log(Level.SEVERE, "severe {0}", 1);
            say(logger.isLoggable(Level.FINE) + " " + Logger.getLogger("other").isLoggable(Level.INFO));
        }).add("xml", () -> {
            Document document = DocumentBuilderFactory.newInstance().newDocumentBuilder()
                    .parse(new InputSource(new StringReader("<a x='1'><b>text &amp; more</b><b/></a>")));
            say(document.getDocumentElement().getAttribute("x") + " " + document.getElementsByTagName("b").getLength());
            say(XPathFactory.newInstance().newXPath().evaluate("/a/b[1]", document));
            StringBuilder seen = new StringBuilder();
            SAXParserFactory.newInstance().newSAXParser().parse(new ByteArrayInputStream("<r><s/></r>".getBytes(StandardCharsets.US_ASCII)), new DefaultHandler() {
                @Override
                public void startElement(String uri, String local, String qualified, Attributes attributes) {
                    seen.append(qualified);
                }
            });
            say(seen);
            Transformer transformer = TransformerFactory.newInstance().newTransformer();
            transformer.setOutputProperty(OutputKeys.OMIT_XML_DECLARATION, "yes");
            StringWriter out = new StringWriter();
            transformer.transform(new DOMSource(document), new StreamResult(out));
            say(out);
        }).add("management", () -> {
            say(ManagementFactory.getRuntimeMXBean().getSpecVersion() + " " + (ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed() > 0));
            say(ManagementFactory.getThreadMXBean().getThreadCount() > 0);
        }).add("jmx", () -> {
            ObjectName own = new ObjectName("dev.anneal:type=Counter");
            ManagementFactory.getPlatformMBeanServer().registerMBean(new Counter(), own);
            say(ManagementFactory.getPlatformMBeanServer().getAttribute(own, "Count"));
        }).add("downcalls", () -> {
            var linker = java.lang.foreign.Linker.nativeLinker();
            var strlen = linker.downcallHandle(linker.defaultLookup().find("strlen").orElseThrow(), java.lang.foreign.FunctionDescriptor.of(
                    java.lang.foreign.ValueLayout.JAVA_LONG, java.lang.foreign.ValueLayout.ADDRESS));
            try (var arena = java.lang.foreign.Arena.ofConfined()) {
                say((long) strlen.invokeExact(arena.allocateFrom("seven..")));
            }
        }).add("upcalls", () -> {
            var linker = java.lang.foreign.Linker.nativeLinker();
            var address = java.lang.foreign.ValueLayout.ADDRESS.withTargetLayout(java.lang.foreign.ValueLayout.JAVA_INT);
            var compare = java.lang.invoke.MethodHandles.lookup().findStatic(Library.class, "compare", java.lang.invoke.MethodType.methodType(
                    int.class, java.lang.foreign.MemorySegment.class, java.lang.foreign.MemorySegment.class));
            var size = java.lang.foreign.ValueLayout.JAVA_LONG;
            var sort = linker.downcallHandle(linker.defaultLookup().find("qsort").orElseThrow(),
                    java.lang.foreign.FunctionDescriptor.ofVoid(address, size, size, address));
            try (var arena = java.lang.foreign.Arena.ofConfined()) {
                var stub = linker.upcallStub(compare, java.lang.foreign.FunctionDescriptor.of(java.lang.foreign.ValueLayout.JAVA_INT, address, address), arena);
                var numbers = arena.allocateFrom(java.lang.foreign.ValueLayout.JAVA_INT, 3, 1, 2);
                sort.invokeExact(numbers, 3L, 4L, stub);
                say(java.util.Arrays.toString(numbers.toArray(java.lang.foreign.ValueLayout.JAVA_INT)));
            }
        }).add("hiddenClass", () -> {
            byte[] bytes;
            try (var in = Library.class.getResourceAsStream(name("Out", ".class"))) {
                bytes = in.readAllBytes();
            }
            var hidden = java.lang.invoke.MethodHandles.lookup().defineHiddenClass(bytes, true);
            say(hidden.lookupClass().isHidden() + " " + hidden.lookupClass().getSimpleName().startsWith("Out"));
        }).add("preferences", () -> {
            var folder = java.nio.file.Files.createTempDirectory("differential");
            System.setProperty("java.util.prefs.userRoot", folder.toString());
            var node = java.util.prefs.Preferences.userRoot().node("dev/anneal");
            node.put("key", "value");
            node.flush();
            say(node.get("key", "none") + " " + node.getInt("absent", 3) + " " + node.absolutePath());
            node.removeNode();
            say(java.util.prefs.Preferences.userRoot().nodeExists("dev/anneal"));
            Filesystem.remove(folder);
        }).add("classesAtRunTime", () -> {
            try (var loader = new java.net.URLClassLoader(new java.net.URL[0], Library.class.getClassLoader())) {
                loader.loadClass(name("no.such.", "Plugin"));
            } catch (ClassNotFoundException absent) {
                say("no plugin");
            }
        });
    }
}
