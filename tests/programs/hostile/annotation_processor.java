//= attack = "An annotation processor that comes with the source runs inside javac: it reads and writes what it must not, dials out, and starts processes without end. What it could do becomes an error of the compilation."
//= verdict = "ok"
//= stdout = "compiled"
//= compile_args = ["-processorpath", ".", "-processor", "P"]
//= files."P.class" = { base64 = """\
//= yv66vgAAAD0AhwoAAgADBwAEDAAFAAYBAC1qYXZheC9hbm5vdGF0aW9uL3Byb2Nlc3NpbmcvQWJzdHJhY3RQcm9jZXNzb3IBAAY8\
//= aW5pdD4BAAMoKVYKAAgACQcACgwACwAMAQAeamF2YXgvbGFuZy9tb2RlbC9Tb3VyY2VWZXJzaW9uAQAGbGF0ZXN0AQAiKClMamF2\
//= YXgvbGFuZy9tb2RlbC9Tb3VyY2VWZXJzaW9uOwgADgEARi9hZ2VudCAvZXRjL21pbmUgL3J1Y2hlL21pbmUgL3Byb2MvMS9tZW0g\
//= L3Byb2Mvc3lzL2tlcm5lbC9jb3JlX3BhdHRlcm4IABABAAEgCgASABMHABQMABUAFgEAEGphdmEvbGFuZy9TdHJpbmcBAAVzcGxp\
//= dAEAJyhMamF2YS9sYW5nL1N0cmluZzspW0xqYXZhL2xhbmcvU3RyaW5nOwcAGAEAGGphdmEvaW8vRmlsZU91dHB1dFN0cmVhbQoA\
//= FwAaDAAFABsBABYoTGphdmEvbGFuZy9TdHJpbmc7WilWCgAXAB0MAB4ABgEABWNsb3NlCgAgACEHACIMACMAJAEAAVABAAdlc2Nh\
//= cGVkAQAVKExqYXZhL2xhbmcvU3RyaW5nOylWBwAmAQATamF2YS9pby9JT0V4Y2VwdGlvbggAKAEANC9ldGMvc2hhZG93IC9wcm9j\
//= LzEvZW52aXJvbiAvcHJvYy8xL21hcHMgL3Byb2Mva2NvcmUHACoBABdqYXZhL2lvL0ZpbGVJbnB1dFN0cmVhbQoAKQAsDAAFACQK\
//= ACkALgwALwAwAQAEcmVhZAEAAygpSQcAMgEAD2phdmEvbmV0L1NvY2tldAgANAEABzEuMS4xLjEKADEANgwABQA3AQAWKExqYXZh\
//= L2xhbmcvU3RyaW5nO0kpVgoAMQAdBwA6AQAYamF2YS9sYW5nL1Byb2Nlc3NCdWlsZGVyCAA8AQAFc2xlZXAIAD4BAAI2MAoAOQBA\
//= DAAFAEEBABYoW0xqYXZhL2xhbmcvU3RyaW5nOylWCgA5AEMMAEQARQEABXN0YXJ0AQAVKClMamF2YS9sYW5nL1Byb2Nlc3M7BwBH\
//= AQAaamF2YS9sYW5nL091dE9mTWVtb3J5RXJyb3IJACAASQwASgBLAQANcHJvY2Vzc2luZ0VudgEAM0xqYXZheC9hbm5vdGF0aW9u\
//= L3Byb2Nlc3NpbmcvUHJvY2Vzc2luZ0Vudmlyb25tZW50OwsATQBOBwBPDABQAFEBADFqYXZheC9hbm5vdGF0aW9uL3Byb2Nlc3Np\
//= bmcvUHJvY2Vzc2luZ0Vudmlyb25tZW50AQALZ2V0TWVzc2FnZXIBACgoKUxqYXZheC9hbm5vdGF0aW9uL3Byb2Nlc3NpbmcvTWVz\
//= c2FnZXI7CQBTAFQHAFUMAFYAVwEAG2phdmF4L3Rvb2xzL0RpYWdub3N0aWMkS2luZAEABUVSUk9SAQAdTGphdmF4L3Rvb2xzL0Rp\
//= YWdub3N0aWMkS2luZDsSAAAAWQwAWgBbAQAXbWFrZUNvbmNhdFdpdGhDb25zdGFudHMBACYoTGphdmEvbGFuZy9TdHJpbmc7KUxq\
//= YXZhL2xhbmcvU3RyaW5nOwsAXQBeBwBfDABgAGEBACRqYXZheC9hbm5vdGF0aW9uL3Byb2Nlc3NpbmcvTWVzc2FnZXIBAAxwcmlu\
//= dE1lc3NhZ2UBADgoTGphdmF4L3Rvb2xzL0RpYWdub3N0aWMkS2luZDtMamF2YS9sYW5nL0NoYXJTZXF1ZW5jZTspVgEABENvZGUB\
//= ABlnZXRTdXBwb3J0ZWRTb3VyY2VWZXJzaW9uAQAHcHJvY2VzcwEAQChMamF2YS91dGlsL1NldDtMamF2YXgvYW5ub3RhdGlvbi9w\
//= cm9jZXNzaW5nL1JvdW5kRW52aXJvbm1lbnQ7KVoBAA1TdGFja01hcFRhYmxlBwBoAQATW0xqYXZhL2xhbmcvU3RyaW5nOwcAagEA\
//= DWphdmEvdXRpbC9TZXQHAGwBACxqYXZheC9hbm5vdGF0aW9uL3Byb2Nlc3NpbmcvUm91bmRFbnZpcm9ubWVudAcAbgEAE2phdmEv\
//= bGFuZy9UaHJvd2FibGUBAAlTaWduYXR1cmUBAGkoTGphdmEvdXRpbC9TZXQ8K0xqYXZheC9sYW5nL21vZGVsL2VsZW1lbnQvVHlw\
//= ZUVsZW1lbnQ7PjtMamF2YXgvYW5ub3RhdGlvbi9wcm9jZXNzaW5nL1JvdW5kRW52aXJvbm1lbnQ7KVoBABlSdW50aW1lVmlzaWJs\
//= ZUFubm90YXRpb25zAQA2TGphdmF4L2Fubm90YXRpb24vcHJvY2Vzc2luZy9TdXBwb3J0ZWRBbm5vdGF0aW9uVHlwZXM7AQAFdmFs\
//= dWUBAAEqAQAQQm9vdHN0cmFwTWV0aG9kcw8GAHcKAHgAeQcAegwAWgB7AQAkamF2YS9sYW5nL2ludm9rZS9TdHJpbmdDb25jYXRG\
//= YWN0b3J5AQCYKExqYXZhL2xhbmcvaW52b2tlL01ldGhvZEhhbmRsZXMkTG9va3VwO0xqYXZhL2xhbmcvU3RyaW5nO0xqYXZhL2xh\
//= bmcvaW52b2tlL01ldGhvZFR5cGU7TGphdmEvbGFuZy9TdHJpbmc7W0xqYXZhL2xhbmcvT2JqZWN0OylMamF2YS9sYW5nL2ludm9r\
//= ZS9DYWxsU2l0ZTsIAH0BAApFU0NBUEVEOiABAQAMSW5uZXJDbGFzc2VzBwCAAQAWamF2YXgvdG9vbHMvRGlhZ25vc3RpYwEABEtp\
//= bmQHAIMBACVqYXZhL2xhbmcvaW52b2tlL01ldGhvZEhhbmRsZXMkTG9va3VwBwCFAQAeamF2YS9sYW5nL2ludm9rZS9NZXRob2RI\
//= YW5kbGVzAQAGTG9va3VwACEAIAACAAAAAAAEAAEABQAGAAEAYgAAABEAAQABAAAABSq3AAGxAAAAAAABAGMADAABAGIAAAAQAAEA\
//= AQAAAAS4AAewAAAAAAABAGQAZQACAGIAAAEzAAYACAAAAK0SDRIPtgARTi2+NgQDNgUVBRUEogAnLRUFMjoGuwAXWRkGBLcAGbYA\
//= HCoZBrYAH6cABToHhAUBp//YEicSD7YAEU4tvjYEAzYFFQUVBKIAKS0VBTI6BrsAKVkZBrcAK7YALZsACSoZBrYAH6cABToHhAUB\
//= p//WuwAxWRIzEDW3ADW2ADgqEjO2AB+nAAROuwA5WQW9ABJZAxI7U1kEEj1TtwA/tgBCV6f/504DrAAFABwALwAyACUAVgBrAG4A\
//= JQB2AIoAjQAlAI4AqgCqACUAjgCqAKoARgABAGYAAABMAAz+AA8HAGcBAf8AIgAHBwAgBwBpBwBrBwBnAQEHABIAAQcAJfoAAfgA\
//= Bf4ADgcAZwEB/AAhBwASQgcAJfoAAfgABVYHACUAWwcAbQBvAAAAAgBwAAAAIwAkAAEAYgAAACQAAwACAAAAGCq0AEi5AEwBALIA\
//= Uiu6AFgAALkAXAMAsQAAAAAAAwBxAAAADgABAHIAAQBzWwABcwB0AHUAAAAIAAEAdgABAHwAfgAAABIAAgBTAH8AgUAZAIIAhACG\
//= ABk=\
//= """ }
class Main {
    public static void main(String[] args) {
        System.out.println("compiled");
    }
}

/* P.class, compiled with javac --release 17 -g:none -proc:none:

import java.io.*;
import java.net.*;
import java.nio.file.*;
import java.util.*;
import javax.annotation.processing.*;
import javax.lang.model.SourceVersion;
import javax.lang.model.element.TypeElement;
import javax.tools.Diagnostic.Kind;

@SupportedAnnotationTypes("*")
public class P extends AbstractProcessor {
    public SourceVersion getSupportedSourceVersion() {
        return SourceVersion.latest();
    }

    public boolean process(Set<? extends TypeElement> types, RoundEnvironment round) {
        for (String path : "/agent /etc/mine /ruche/mine /proc/1/mem /proc/sys/kernel/core_pattern".split(" "))
            try {
                new FileOutputStream(path, true).close();
                escaped(path);
            } catch (IOException refused) {
            }
        for (String path : "/etc/shadow /proc/1/environ /proc/1/maps /proc/kcore".split(" "))
            try {
                if (new FileInputStream(path).read() >= 0) escaped(path);
            } catch (IOException refused) {
            }
        try {
            new Socket("1.1.1.1", 53).close();
            escaped("1.1.1.1");
        } catch (IOException refused) {
        }
        try {
            for (;;) new ProcessBuilder("sleep", "60").start();
        } catch (IOException | OutOfMemoryError refused) {
        }
        return false;
    }

    void escaped(String what) {
        processingEnv.getMessager().printMessage(Kind.ERROR, "ESCAPED: " + what);
    }
}
*/
