package dev.anneal.differential;

import static dev.anneal.differential.Out.say;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.Externalizable;
import java.io.IOException;
import java.io.InvalidClassException;
import java.io.NotSerializableException;
import java.io.ObjectInput;
import java.io.ObjectInputFilter;
import java.io.ObjectInputStream;
import java.io.ObjectOutput;
import java.io.ObjectOutputStream;
import java.io.ObjectStreamClass;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;

/** Objects as bytes. */
@SuppressWarnings("serial")
final class Serials {
    private Serials() {
    }

    record Point(int x, List<String> names) implements Serializable {
        Point {
            if (x < 0) {
                throw new IllegalArgumentException("negative");
            }
        }
    }

    enum Level { LOW, HIGH }

    static class Node implements Serializable {
        private static final long serialVersionUID = 3L;
        Node next;
        transient String cached = "cached";
        Level level = Level.HIGH;

        private void writeObject(ObjectOutputStream out) throws IOException {
            out.defaultWriteObject();
            out.writeUTF("extra");
        }

        private void readObject(ObjectInputStream in) throws IOException, ClassNotFoundException {
            in.defaultReadObject();
            cached = in.readUTF();
        }
    }

    static final class Only implements Serializable {
        static final Only ONE = new Only();

        private Object readResolve() {
            return ONE;
        }
    }

    /** Writes itself. */
    public static final class Own implements Externalizable {
        private String text = "fresh";

        /** One of it. */
        public Own() {
        }

        @Override
        public void writeExternal(ObjectOutput out) throws IOException {
            out.writeUTF(text + "!");
        }

        @Override
        public void readExternal(ObjectInput in) throws IOException {
            text = in.readUTF();
        }
    }

    static byte[] write(Object one) throws IOException {
        var bytes = new ByteArrayOutputStream();
        try (var out = new ObjectOutputStream(bytes)) {
            out.writeObject(one);
        }
        return bytes.toByteArray();
    }

    static Object read(byte[] bytes, ObjectInputFilter filter) throws IOException, ClassNotFoundException {
        try (var in = new ObjectInputStream(new ByteArrayInputStream(bytes))) {
            in.setObjectInputFilter(filter);
            return in.readObject();
        }
    }

    static void list(Catalog catalog) {
        catalog.add("serialRecord", () -> {
            byte[] bytes = write(new Point(1, List.of("a", "b")));
            say(bytes.length + " " + read(bytes, null));
        }).add("serialCustom", () -> {
            Node node = new Node();
            node.next = new Node();
            node.next.next = node;
            Node copy = (Node) read(write(node), null);
            say((copy.next.next == copy) + " " + copy.cached + " " + copy.level + " " + (copy.level == Level.HIGH));
        }).add("serialResolve", () -> {
            say(read(write(Only.ONE), null) == Only.ONE);
            say(((Own) read(write(new Own()), null)).text);
        }).add("serialCollections", () -> {
            Map<String, Object> all = new TreeMap<>(Map.of("list", new ArrayList<>(List.of(1, 2L, 3.5)), "text", "t", "array", new int[] {1}));
            Map<?, ?> copy = (Map<?, ?>) read(write(new HashMap<>(all)), null);
            say(copy.get("list") + " " + copy.get("text") + " " + ((int[]) copy.get("array"))[0]);
        }).add("serialLambda", () -> {
            int captured = 6;
            Supplier<Integer> made = (Supplier<Integer> & Serializable) () -> captured * 7;
            say(((Supplier<?>) read(write(made), null)).get());
        }).add("serialRefused", () -> {
            try {
                write(new Object());
            } catch (NotSerializableException refused) {
                say(refused.getMessage());
            }
            try {
                read(write(new Point(2, List.of())), ObjectInputFilter.Config.createFilter("!*"));
            } catch (InvalidClassException refused) {
                say(refused.getMessage());
            }
        }).add("serialVersion", () -> {
            say(ObjectStreamClass.lookup(Node.class).getSerialVersionUID());
            say(ObjectStreamClass.lookup(Point.class).getSerialVersionUID());
            say(ObjectStreamClass.lookup(Object.class));
        });
    }
}
