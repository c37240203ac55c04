package dev.anneal.pgo.instrument;

import dev.anneal.pgo.profile.Context;
import dev.anneal.pgo.profile.MethodName;
import dev.anneal.pgo.profile.Section;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** Writes what the running program must know of its counters, in the order of the profile; {@code Dump} reads it. */
final class TableEncoder {
    private final DataOutputStream out;
    private final Map<String, Integer> types = new HashMap<>();
    private final Map<MethodName, Integer> methods = new HashMap<>();

    private TableEncoder(DataOutputStream out) {
        this.out = out;
    }

    static byte[] encode(SiteTable sites) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            new TableEncoder(out).write(sites);
        } catch (IOException inMemory) {
            throw new UncheckedIOException(inMemory);
        }
        return bytes.toByteArray();
    }

    private void write(SiteTable sites) throws IOException {
        Set<String> names = new TreeSet<>(sites.types().values());
        for (MethodName method : sites.methods()) {
            names.add(method.declaringType());
            names.add(method.returnType());
            names.addAll(method.parameterTypes());
        }
        out.writeInt(names.size());
        for (String name : names) {
            types.put(name, types.size());
            out.writeUTF(name);
        }
        Map<Integer, String> numbers = new TreeMap<>(sites.types());
        out.writeInt(numbers.size());
        for (Map.Entry<Integer, String> type : numbers.entrySet()) {
            out.writeInt(type.getKey());
            out.writeInt(types.get(type.getValue()));
        }
        writeMethods(sites.methods());
        int count = 0;
        for (var ignored : sites.sites()) {
            count++;
        }
        out.writeInt(count);
        for (Map.Entry<SiteTable.Key, SiteTable.Site> site : sites.sites()) {
            write(site.getKey().section(), site.getKey().context(), site.getValue());
        }
    }

    private void writeMethods(Iterable<MethodName> all) throws IOException {
        for (MethodName method : all) {
            methods.put(method, methods.size());
        }
        out.writeInt(methods.size());
        for (MethodName method : all) {
            out.writeUTF(method.name());
            out.writeInt(2 + method.parameterTypes().size());
            out.writeInt(types.get(method.declaringType()));
            out.writeInt(types.get(method.returnType()));
            for (String type : method.parameterTypes()) {
                out.writeInt(types.get(type));
            }
        }
    }

    private void write(Section section, Context context, SiteTable.Site site) throws IOException {
        out.writeByte(section.ordinal());
        out.writeShort(context.frames().size());
        for (Context.Frame frame : context.frames()) {
            out.writeInt(methods.get(frame.method()));
            out.writeInt(frame.bci());
        }
        out.writeInt(site.cell());
        out.writeInt(site.shape().length);
        for (int number : site.shape()) {
            out.writeInt(number);
        }
        if (section == Section.CONDITIONS) {
            for (int successor : site.successors()) {
                out.writeInt(successor);
            }
        }
    }
}
