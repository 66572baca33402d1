/* An empty program. Linked with the whole of one folder and only the folders it may read, it proves at
 * every build that the folder calls nothing that lies ahead of it on the road. */

int
main(void)
{
    return 0;
}
