package dev.anneal.tracer;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodType;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.Method;

/**
 * What the JDK's methods call, see {@link Targets}.
 *
 * <p>Hooks run inside the JDK's own code, on any thread, at any depth of the stack. What they reach themselves is not recorded, and
 * nothing that goes wrong in them reaches the program.
 */
public final class Hooks {
    /** Set once, when everything is ready. */
    static volatile Recorder recorder;

    private static final ThreadLocal<Boolean> BUSY = new ThreadLocal<>();

    private Hooks() {
    }

    /** Nothing that this thread reaches is the program's. */
    static void ignoreThisThread() {
        BUSY.set(Boolean.TRUE);
    }

    /** The same until {@link #endIgnoring}, unless it is so already: then false. */
    static boolean beginIgnoring() {
        boolean free = BUSY.get() == null;
        if (free) {
            BUSY.set(Boolean.TRUE);
        }
        return free;
    }

    static void endIgnoring() {
        BUSY.remove();
    }

    private static Recorder enter() {
        Recorder current = recorder;
        if (current == null || BUSY.get() != null) {
            return null;
        }
        BUSY.set(Boolean.TRUE);
        return current;
    }

    private static void leave() {
        BUSY.remove();
    }

    // Each hook has the same shape, written out: a shared one would need a lambda, and with it a bootstrap method.

    /** {@code Class.forName(name, …)}: also a name that no class has. */
    public static void typeByName(String name) {
        Recorder current = enter();
        if (current != null) {
            try {
                current.typeByName(name, Callers.find(null, 1));
            } catch (Throwable unexpected) {
                current.failed(unexpected);
            } finally {
                leave();
            }
        }
    }

    /** {@code Class.forName(module, name)}. */
    public static void typeByNameInModule(Module module, String name) {
        typeByName(name);
    }

    /** What {@code Class.forName} returns: for the JDK's own look-ups of the program's classes. */
    public static void typeFound(Object type) {
        type(type, 1);
    }

    /** A type's members or relatives are asked for. */
    public static void typeQueried(Class<?> type) {
        type(type, 1);
    }

    private static void type(Object type, int own) {
        Recorder current = enter();
        if (current != null) {
            try {
                if (type instanceof Class<?> found && !current.isSettled(found)) {
                    current.type(found, Callers.find(found, own));
                }
            } catch (Throwable unexpected) {
                current.failed(unexpected);
            } finally {
                leave();
            }
        }
    }

    /** A method was looked up. */
    public static void methodFound(Object method) {
        method((Method) method, 1);
    }

    /** A method is invoked; the walk does not show {@code Method.invoke} itself. */
    public static void methodUsed(Method method) {
        method(method, 0);
    }

    /** A method becomes a handle. */
    public static void methodUnreflected(Object lookup, Method method) {
        method(method, 1);
    }

    private static void method(Method method, int own) {
        Recorder current = enter();
        if (current != null) {
            try {
                if (method != null && !current.isSettled(method)) {
                    current.method(method, Callers.find(method.getDeclaringClass(), own));
                }
            } catch (Throwable unexpected) {
                current.failed(unexpected);
            } finally {
                leave();
            }
        }
    }

    /** A constructor was looked up. */
    public static void constructorFound(Object constructor) {
        constructor((Constructor<?>) constructor, 1);
    }

    /** A constructor is invoked; the walk does not show {@code Constructor.newInstance} itself. */
    public static void constructorUsed(Constructor<?> constructor) {
        constructor(constructor, 0);
    }

    /** A constructor becomes a handle. */
    public static void constructorUnreflected(Object lookup, Constructor<?> constructor) {
        constructor(constructor, 1);
    }

    private static void constructor(Constructor<?> constructor, int own) {
        Recorder current = enter();
        if (current != null) {
            try {
                if (constructor != null && !current.isSettled(constructor)) {
                    current.constructor(constructor, Callers.find(constructor.getDeclaringClass(), own));
                }
            } catch (Throwable unexpected) {
                current.failed(unexpected);
            } finally {
                leave();
            }
        }
    }

    /** {@code Class.newInstance()}. */
    public static void instanceMade(Class<?> type) {
        Recorder current = enter();
        if (current != null) {
            try {
                Class<?> caller = Callers.find(type, 1);
                current.type(type, caller);
                current.constructor(type.getDeclaredConstructor(), caller);
            } catch (NoSuchMethodException none) {
                // The program is told.
            } catch (Throwable unexpected) {
                current.failed(unexpected);
            } finally {
                leave();
            }
        }
    }

    /** A field was looked up. */
    public static void fieldFound(Object field) {
        field((Field) field);
    }

    /** A field is read or written. */
    public static void fieldUsed(Field field) {
        field(field);
    }

    /** A field becomes a handle. */
    public static void fieldUnreflected(Object lookup, Field field) {
        field(field);
    }

    private static void field(Field field) {
        Recorder current = enter();
        if (current != null) {
            try {
                if (field != null && !current.isSettled(field)) {
                    current.field(field, Callers.find(field.getDeclaringClass(), 1));
                }
            } catch (Throwable unexpected) {
                current.failed(unexpected);
            } finally {
                leave();
            }
        }
    }

    /** {@code Array.newInstance(component, dimensions…)}: each of the arrays in it. */
    public static void arraysMade(Class<?> component, int[] dimensions) {
        Class<?> array = component;
        for (int index = 0; index < dimensions.length && array != null; index++) {
            arrayMade(array);
            array = array == void.class ? null : array.arrayType();
        }
    }

    /** {@code Array.newInstance(component, length)}. */
    public static void arrayMade(Class<?> component) {
        Recorder current = enter();
        if (current != null) {
            try {
                Class<?> array = component.arrayType();
                if (!current.isSettled(array)) {
                    current.type(array, Callers.findDirect(1));
                }
            } catch (Throwable unexpected) {
                current.failed(unexpected);
            } finally {
                leave();
            }
        }
    }

    /** A proxy class of these interfaces is wanted. */
    public static void proxyMade(ClassLoader loader, Class<?>[] interfaces) {
        Recorder current = enter();
        if (current != null) {
            try {
                current.proxy(interfaces.clone(), Callers.find(interfaces.length > 0 ? interfaces[0] : null, 1));
            } catch (Throwable unexpected) {
                current.failed(unexpected);
            } finally {
                leave();
            }
        }
    }

    /** A method is looked up as a handle. */
    public static void methodByHandle(Object lookup, Class<?> type, String name, MethodType signature) {
        Recorder current = enter();
        if (current != null) {
            try {
                Class<?> caller = Callers.findDirect(1);
                if (caller != null) {
                    current.type(type, caller);
                    current.methodOf(type, name, signature, caller);
                }
            } catch (Throwable unexpected) {
                current.failed(unexpected);
            } finally {
                leave();
            }
        }
    }

    /** A method of a receiver is looked up as a handle. */
    public static void boundByHandle(Object lookup, Object receiver, String name, MethodType signature) {
        methodByHandle(lookup, receiver.getClass(), name, signature);
    }

    /** A constructor is looked up as a handle. */
    public static void constructorByHandle(Object lookup, Class<?> type, MethodType signature) {
        Recorder current = enter();
        if (current != null) {
            try {
                Class<?> caller = Callers.findDirect(1);
                if (caller != null) {
                    current.type(type, caller);
                    current.constructor(type.getDeclaredConstructor(signature.parameterArray()), caller);
                }
            } catch (NoSuchMethodException none) {
                // The program is told.
            } catch (Throwable unexpected) {
                current.failed(unexpected);
            } finally {
                leave();
            }
        }
    }

    /** A field is looked up as a handle. */
    public static void fieldByHandle(Object lookup, Class<?> type, String name) {
        Recorder current = enter();
        if (current != null) {
            try {
                Class<?> caller = Callers.findDirect(1);
                if (caller != null) {
                    current.type(type, caller);
                    current.fieldOf(type, name, caller);
                }
            } catch (Throwable unexpected) {
                current.failed(unexpected);
            } finally {
                leave();
            }
        }
    }

    /** {@code Lookup.findClass(name)}. */
    public static void typeByHandle(Object lookup, String name) {
        typeByName(name);
    }

    /** A call of {@code ClassLoader.loadClass(name)} in the program. */
    public static void typeLoaded(String name) {
        Recorder current = enter();
        if (current != null) {
            try {
                current.typeByName(name, Callers.find(null, 0));
            } catch (Throwable unexpected) {
                current.failed(unexpected);
            } finally {
                leave();
            }
        }
    }

    /** A resource is looked up beside a class. */
    public static void resourceOfClass(Class<?> type, String name) {
        Recorder current = enter();
        if (current != null) {
            try {
                Class<?> caller = Callers.find(null, 1);
                // A module of the JDK reads its own: what the program makes it read is needed.
                current.resource(Names.resource(type, name), type.getModule(), caller == null ? Callers.applicationOnStack() : caller);
            } catch (Throwable unexpected) {
                current.failed(unexpected);
            } finally {
                leave();
            }
        }
    }

    /** A resource is looked up on a class path. */
    public static void resourceOfLoader(ClassLoader loader, String name) {
        resource(name, null);
    }

    /** A resource is looked up on the class path. */
    public static void resourceOfSystem(String name) {
        resource(name, null);
    }

    /** A resource is looked up in a module. */
    public static void resourceOfModule(Module module, String name) {
        resource(name, module);
    }

    /** Of the JDK's own look-ups those on the class path count too: service files are asked for there, also such as are not there. */
    private static void resource(String name, Module module) {
        Recorder current = enter();
        if (current != null) {
            try {
                Class<?> caller = Callers.find(null, 1);
                if (caller == null && module == null) {
                    caller = Callers.application();
                }
                current.resource(name, module, caller);
            } catch (Throwable unexpected) {
                current.failed(unexpected);
            } finally {
                leave();
            }
        }
    }

    /** A resource bundle is wanted. */
    public static void bundle(String name) {
        Recorder current = enter();
        if (current != null) {
            try {
                current.bundle(name, Callers.find(null, 1));
            } catch (Throwable unexpected) {
                current.failed(unexpected);
            } finally {
                leave();
            }
        }
    }

    /** A class is written or read as an object. */
    public static void serialized(Class<?> type) {
        Recorder current = enter();
        if (current != null) {
            try {
                current.serialized(type);
            } catch (Throwable unexpected) {
                current.failed(unexpected);
            } finally {
                leave();
            }
        }
    }

    /** An object is made without a constructor. */
    public static void allocated(Object unsafe, Class<?> type) {
        Recorder current = enter();
        if (current != null) {
            try {
                current.allocated(type, Callers.find(type, 1));
            } catch (Throwable unexpected) {
                current.failed(unexpected);
            } finally {
                leave();
            }
        }
    }

    /** A native function is to be called. */
    public static void downcall(Object linker, FunctionDescriptor function, Linker.Option[] options) {
        foreign("downcalls", function, options);
    }

    /** A native function at an address is to be called. */
    public static void downcallTo(Object linker, MemorySegment address, FunctionDescriptor function, Linker.Option[] options) {
        foreign("downcalls", function, options);
    }

    /** A method is to be called by native functions. */
    public static void upcall(Object linker, MethodHandle target, FunctionDescriptor function) {
        foreign("upcalls", function, new Linker.Option[0]);
    }

    private static void foreign(String kind, FunctionDescriptor function, Linker.Option[] options) {
        Recorder current = enter();
        if (current != null) {
            try {
                if (Callers.application() != null) {
                    current.foreign(kind, function, options);
                }
            } catch (Throwable unexpected) {
                current.failed(unexpected);
            } finally {
                leave();
            }
        }
    }
}
