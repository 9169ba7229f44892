/* The echo canceller of speexdsp behind two pipes, for comparison: blocks of 80 samples from the line, then 80 that the
 * line heard, in; 80 samples out. Arguments: tail in samples; 1 for the preprocessor (residual echo suppression) too. */
#include <speex/speex_echo.h>
#include <speex/speex_preprocess.h>
#include <stdio.h>
#include <stdlib.h>

enum { BLOCK = 80 };

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    int rate = 8000;
    SpeexEchoState *echo = speex_echo_state_init(BLOCK, atoi(argv[1]));
    speex_echo_ctl(echo, SPEEX_ECHO_SET_SAMPLING_RATE, &rate);
    SpeexPreprocessState *pre = NULL;
    if (atoi(argv[2])) {
        pre = speex_preprocess_state_init(BLOCK, rate);
        speex_preprocess_ctl(pre, SPEEX_PREPROCESS_SET_ECHO_STATE, echo);
    }
    spx_int16_t in[2 * BLOCK], out[BLOCK];
    while (fread(in, sizeof in, 1, stdin) == 1) {
        speex_echo_cancellation(echo, in, in + BLOCK, out);
        if (pre)
            speex_preprocess_run(pre, out);
        if (fwrite(out, sizeof out, 1, stdout) != 1 || fflush(stdout))
            return 1;
    }
    return 0;
}
