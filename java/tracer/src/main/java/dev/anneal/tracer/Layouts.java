package dev.anneal.tracer;

import java.lang.foreign.AddressLayout;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.GroupLayout;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.PaddingLayout;
import java.lang.foreign.SequenceLayout;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;

/** The signatures of native functions, as the section {@code foreign} names them. */
final class Layouts {
    private Layouts() {
    }

    /** The JSON of a function's signature with the options that make a difference. */
    static String function(FunctionDescriptor function, Linker.Option[] options) {
        StringBuilder json = new StringBuilder("{\"returnType\":");
        json.append(Names.quoted(function.returnLayout().isPresent() ? name(function.returnLayout().get()) : "void"));
        json.append(",\"parameterTypes\":[");
        boolean first = true;
        for (MemoryLayout parameter : function.argumentLayouts()) {
            json.append(first ? "" : ",").append(Names.quoted(name(parameter)));
            first = false;
        }
        return json.append(']').append(options(function, options)).append('}').toString();
    }

    private static String options(FunctionDescriptor function, Linker.Option[] options) {
        StringBuilder json = new StringBuilder();
        for (Linker.Option option : options) {
            String text = null;
            if (option.equals(Linker.Option.critical(false))) {
                text = "\"critical\":{\"allowHeapAccess\":false}";
            } else if (option.equals(Linker.Option.critical(true))) {
                text = "\"critical\":{\"allowHeapAccess\":true}";
            } else {
                for (int index = 0; index < function.argumentLayouts().size(); index++) {
                    if (option.equals(Linker.Option.firstVariadicArg(index))) {
                        text = "\"firstVariadicArg\":" + index;
                    }
                }
                // The one that is left: which part of the state is captured makes no difference.
                text = text == null ? "\"captureCallState\":true" : text;
            }
            json.append(json.isEmpty() ? ",\"options\":{" : ",").append(text);
        }
        return json.isEmpty() ? "" : json.append('}').toString();
    }

    private static String name(MemoryLayout layout) {
        return switch (layout) {
            case AddressLayout address -> "void*";
            case ValueLayout value -> "j" + value.carrier().getTypeName();
            case PaddingLayout padding -> "padding(" + padding.byteSize() + ")";
            case SequenceLayout sequence -> "array(" + sequence.elementCount() + "," + name(sequence.elementLayout()) + ")";
            case GroupLayout group -> {
                StringBuilder members = new StringBuilder(group instanceof StructLayout ? "struct(" : "union(");
                boolean first = true;
                for (MemoryLayout member : group.memberLayouts()) {
                    members.append(first ? "" : ",").append(name(member));
                    first = false;
                }
                yield members.append(')').toString();
            }
        };
    }
}
