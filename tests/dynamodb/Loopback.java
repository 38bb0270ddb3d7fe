import java.lang.reflect.Field;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import software.amazon.dynamodb.services.local.main.ServerRunner;
import software.amazon.dynamodb.services.local.server.DynamoDBProxyServer;

/**
 * Starts DynamoDB Local on 127.0.0.1 only. Its own main binds every interface and has no
 * option for that. The argument is the port, 0 for a free one; the first line on standard
 * output is the port in use. It ends when standard input does, so that it never outlives
 * the script that started it.
 */
public class Loopback {
  public static void main(String[] args) throws Exception {
    DynamoDBProxyServer proxy =
        ServerRunner.createServerFromCommandLineArgs(
            new String[] {"-inMemory", "-sharedDb", "-disableTelemetry"});
    Field field = DynamoDBProxyServer.class.getDeclaredField("server");
    field.setAccessible(true);
    ServerConnector connector = (ServerConnector) ((Server) field.get(proxy)).getConnectors()[0];
    connector.setHost("127.0.0.1");
    connector.setPort(Integer.parseInt(args[0]));
    proxy.start();
    System.out.println("port " + connector.getLocalPort());
    while (System.in.read() != -1) {}
    System.exit(0);
  }
}
